"""The configuration of each component of a production Airflow, by its role, for ``make cluster`` and for docker/.

A worker gets neither the metadata database nor the secret that signs tokens. It reaches Airflow and the workflow state
over HTTP, through the proxy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from demo.environment import Variables

SERVICE_USER = "wfstate"
"""The Airflow user that workers log in as to reach the workflow state."""


@dataclass(frozen=True)
class Shared:
    """Settings that all components share.

    :param proxy: the URL of the proxy in front of the api-servers, as the components reach it.
    :param base_url: the URL of the proxy, as people reach it.
    :param broker: the URL of Redis, without a database number.
    :param metadata: an SQLAlchemy URL of the metadata database, through PgBouncer.
    :param warehouse: the fields of the Airflow connection to the examples' own database.
    :param users: the users of the simple auth manager, as comma-separated ``name:role`` pairs.
    :param passwords_file: holds their passwords; one file for all api-servers.
    :param fernet_key: encrypts what Airflow stores.
    :param secret_key: signs the requests with which an api-server reads a task's log from its worker.
    :param jwt_secret: signs tokens, 64 characters or more.
    :param service_password: the password of the user ``wfstate``.
    """

    proxy: str
    base_url: str
    broker: str
    metadata: str
    warehouse: Mapping[str, object]
    users: str
    passwords_file: str
    fernet_key: str
    secret_key: str
    jwt_secret: str
    service_password: str


def common(shared: Shared) -> Variables:
    """What both servers and workers get."""
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{shared.proxy}/execution/",
        "AIRFLOW__API__BASE_URL": shared.base_url,
        "AIRFLOW__API__SECRET_KEY": shared.secret_key,
        "AIRFLOW__CELERY__BROKER_URL": f"{shared.broker}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"{shared.broker}/1",
    }


def server_only(shared: Shared) -> Variables:
    """What only servers get."""
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": shared.metadata,
        "AIRFLOW__API_AUTH__JWT_SECRET": shared.jwt_secret,
        "AIRFLOW__CORE__FERNET_KEY": shared.fernet_key,
        "AIRFLOW__API__WORKERS": "2",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": shared.users,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": shared.passwords_file,
    }


def connections(shared: Shared) -> Variables:
    """What components that run DAG code get: access to the workflow state and to the examples' database."""
    wfstate = {
        "conn_type": "wfstate",
        "host": shared.proxy,
        "login": SERVICE_USER,
        "password": shared.service_password,
    }
    return {
        "AIRFLOW_CONN_WFSTATE_DEFAULT": json.dumps(wfstate),
        "AIRFLOW_CONN_DEMO_WAREHOUSE": json.dumps(dict(shared.warehouse)),
    }


def server(shared: Shared) -> Variables:
    """An api-server, a scheduler, the dag-processor, or ``airflow db migrate``."""
    return common(shared) | server_only(shared)


def triggerer(shared: Shared) -> Variables:
    """The triggerer, which runs triggers of DAGs and needs the metadata database."""
    return server(shared) | connections(shared)


def preloading() -> Variables:
    """A Celery worker loads the package's modules before it forks, so that no task has to."""
    return {"AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps({"imports": ["airflow_wfstate.preload"]})}


def worker(shared: Shared) -> Variables:
    """A Celery worker."""
    return common(shared) | connections(shared) | preloading()


def quick() -> Variables:
    """Options that make ``make cluster`` respond within seconds on a small machine; not for production."""
    return {
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "4",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        # How long a task may send no heartbeat before Airflow gives it up. The default is five minutes.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        # How soon a task is queued again when its message was lost with a worker or with Redis. The default is ten
        # minutes.
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "40",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "30",
        # Airflow checks once per interval whether a task's process has ended. The default of five seconds holds a slot
        # for longer.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__WFSTATE__TURN_INTERVAL_SECONDS": "1",
        "AIRFLOW__WFSTATE__WEBHOOK_HOSTS": "127.0.0.1",
    }
