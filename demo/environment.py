"""The environment variables that configure Airflow."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

Variables = dict[str, str]


def bare(home: Path) -> Variables:
    """Return the variables of the process without Airflow's, except its home: every option has its default."""
    variables = {
        name: value
        for name, value in os.environ.items()
        # Use the installed wheel, never a checkout on the path.
        if not name.startswith("AIRFLOW") and name != "PYTHONPATH"
    }
    # `airflow standalone` starts its parts as `airflow ...`.
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", os.defpath)])
    variables["AIRFLOW_HOME"] = str(home)
    return variables


def on_port(port: int) -> Variables:
    """Let the api-server listen on a port of this machine, and point the other components to it."""
    return {"AIRFLOW__API__PORT": str(port), "AIRFLOW__API__BASE_URL": f"http://localhost:{port}"}


def on_free_log_ports() -> Variables:
    """Give the log servers ports that no other Airflow on this machine uses."""
    return {
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }


def small_and_quick(database_url: str, dags_folder: Path, jwt_secret: str) -> Variables:
    """Options for a small Airflow that responds quickly.

    :param database_url: an SQLAlchemy URL of the metadata database.
    """
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url,
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": jwt_secret,
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        # A task whose first request times out fails without having run. The default of 5 seconds is too short when
        # many tasks start at once, or on a busy machine.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__WFSTATE__TURN_INTERVAL_SECONDS": "1",
    }


def with_services(*users: str) -> Variables:
    """Let services on this machine take part: one user per service besides the administrator, and webhooks to them.

    The users have the role with the fewest rights. The definition says what they may send.
    """
    return {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(["admin:admin", *(f"{user}:viewer" for user in users)]),
        "AIRFLOW__WFSTATE__WEBHOOK_HOSTS": "127.0.0.1",
    }


def connection(name: str, fields: Mapping[str, object]) -> Variables:
    """An Airflow connection."""
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(dict(fields))}


def new_jwt_secret() -> str:
    """A secret for ``[api_auth] jwt_secret`` that is long enough for HS512."""
    return secrets.token_hex(64)


def airflow_command() -> Path:
    """The ``airflow`` command of this Python; it does not add the working folder to the import path."""
    return Path(sys.executable).with_name("airflow")


def free_port() -> int:
    """A TCP port of this machine that is free at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
