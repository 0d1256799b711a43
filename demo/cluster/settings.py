"""How each part of a production Airflow is configured, by its role: for ``make cluster`` and for docker/.

A worker is given neither the metadata database nor the secret that signs tokens. It reaches Airflow and the workflow
state by HTTP, at the proxy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from demo.environment import Variables

SERVICE_USER = "wfstate"
"""The Airflow user that workers log in as, to reach the workflow state."""


@dataclass(frozen=True)
class Shared:
    """What the parts must agree upon.

    :param proxy: the URL of the proxy before the api-servers, as every part reaches it.
    :param base_url: the URL of the proxy, as people reach it.
    :param broker: the URL of Redis, without a database's number.
    :param metadata: an SQLAlchemy URL of the metadata database, through PgBouncer.
    :param warehouse: the fields of the Airflow connection of the examples, a database of their own.
    :param users: of the simple auth manager, ``name:role`` with commas between them.
    :param passwords_file: of those users; one for all api-servers.
    :param fernet_key: encrypts what Airflow stores.
    :param secret_key: signs the requests by which an api-server reads a task's log from its worker.
    :param jwt_secret: signs tokens, 64 characters or more.
    :param service_password: of the user ``wfstate``.
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
    """What servers and workers are given."""
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
    """What no worker is given."""
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": shared.metadata,
        "AIRFLOW__API_AUTH__JWT_SECRET": shared.jwt_secret,
        "AIRFLOW__CORE__FERNET_KEY": shared.fernet_key,
        "AIRFLOW__API__WORKERS": "2",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": shared.users,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": shared.passwords_file,
    }


def connections(shared: Shared) -> Variables:
    """What runs the code of DAGs is given: the way to the workflow state, and to the database of the examples."""
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


def worker(shared: Shared) -> Variables:
    """A Celery worker. It loads the package's modules before it forks, so that no task has to."""
    extra = {"imports": ["airflow_wfstate.preload"]}
    return common(shared) | connections(shared) | {"AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps(extra)}


def quick() -> Variables:
    """What makes the cluster of ``make cluster`` answer within seconds on a small machine; not for production."""
    return {
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "4",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        # How long a task may be silent before it is given up: five minutes by default.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        # How soon a task is sent again whose message is lost, with a worker or with Redis: ten minutes by default.
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "40",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "30",
        # Airflow looks for the end of a task's process once an interval: with five seconds a slot is held for longer.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__WFSTATE__TURN_INTERVAL_SECONDS": "1",
        "AIRFLOW__WFSTATE__WEBHOOK_HOSTS": "127.0.0.1",
    }
