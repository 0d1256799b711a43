"""WorkflowStateHook: turns an Airflow connection into a StateBackend."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_wfstate import conf
from airflow_wfstate.exceptions import InvalidRequest, WorkflowStateError
from airflow_wfstate.hooks.environment import current_task_instance_id, is_database_blocked
from airflow_wfstate.hooks.server_address import server_url

if TYPE_CHECKING:
    import httpx
    from airflow.sdk import Connection

    from airflow_wfstate.backends.state_backend import StateBackend
    from airflow_wfstate.backends.trust import Trust

_BACKENDS: Final[dict[tuple[int, str, str], StateBackend]] = {}
"""Backends by process id (a forked process must not share sockets), connection and task instance."""


class WorkflowStateHook(BaseHook):
    """Gives access to the state of workflows.

    :param wfstate_conn_id: the Airflow connection. With type ``wfstate``, the hook uses HTTP to an api-server, as the
        connection's user. With type ``postgres``, it reads and writes the tables directly. If the default connection
        does not exist, a task or trigger uses HTTP with a short-lived token of its task instance; any other process
        (api-server, scheduler, CLI, ``dag.test()``) uses Airflow's own database engine.
    :param task_instance_id: the task instance that the token is for. Default: the one that this code runs for. A
        trigger must pass its own, ``str(self.task_instance.id)``, because it has no task context.
    """

    conn_name_attr = "wfstate_conn_id"
    default_conn_name = "wfstate_default"
    conn_type = "wfstate"
    hook_name = "Workflow State"

    def __init__(self, wfstate_conn_id: str = default_conn_name, *, task_instance_id: str | None = None) -> None:
        super().__init__()
        self.wfstate_conn_id = wfstate_conn_id
        self._task_instance_id = task_instance_id

    def get_conn(self) -> StateBackend:
        """The backend for this process, connection and task instance. It is cached, with its sockets and tokens.

        :raises InvalidRequest: the connection has another type, has no host or credentials, or does not exist and is
            not the default one.
        """
        if not is_database_blocked():
            # Connections are cheap to read here and may change, so only the backend itself is cached.
            connection = self._find_connection()
            return self._kept(connection, "" if connection is None else connection.get_uri())
        key = self._key(self.wfstate_conn_id)
        if key not in _BACKENDS:
            _BACKENDS[key] = self._make_backend(self._find_connection())
        return _BACKENDS[key]

    def test_connection(self) -> tuple[bool, str]:
        """Whether the store answers, and its message. For Airflow's "Test" button."""
        try:
            return True, self.get_conn().check()
        except WorkflowStateError as error:
            return False, str(error)

    def _kept(self, connection: Connection | None, uri: str) -> StateBackend:
        key = self._key(uri)
        if key not in _BACKENDS:
            _BACKENDS[key] = self._make_backend(connection)
        return _BACKENDS[key]

    def _find_connection(self) -> Connection | None:
        try:
            return self.get_connection(self.wfstate_conn_id)
        except AirflowNotFoundException as error:
            if self.wfstate_conn_id == self.default_conn_name:
                return None
            raise InvalidRequest(
                f"The Airflow connection {self.wfstate_conn_id!r} is not defined.",
                f"Define it (type wfstate or postgres), or leave out wfstate_conn_id to use {self.default_conn_name}.",
            ) from error

    def _make_backend(self, connection: Connection | None) -> StateBackend:
        if connection is None:
            return _task_backend(self._caller()) if is_database_blocked() else _own_database_backend()
        if connection.conn_type == self.conn_type:
            return _user_backend(connection)
        if connection.conn_type == "postgres":
            return _postgres_backend(connection)
        raise InvalidRequest(
            f"The Airflow connection {connection.conn_id!r} is of type {connection.conn_type!r}.",
            "Use one of type wfstate (HTTP to the api-server) or postgres (directly to the tables).",
        )

    def _key(self, connection: str) -> tuple[int, str, str]:
        return os.getpid(), connection, self._caller() or ""

    def _caller(self) -> str | None:
        return self._task_instance_id or current_task_instance_id()


def _user_backend(connection: Connection) -> StateBackend:
    from airflow_wfstate.backends.api import ApiBackend

    url = server_url(connection)
    return ApiBackend(
        url,
        _user_credentials(connection, url),
        configured_by=f"the Airflow connection {connection.conn_id}",
        trust=_trust(connection),
        connection_id=connection.conn_id,
    )


def _user_credentials(connection: Connection, url: str) -> httpx.Auth:
    from airflow_wfstate.backends.credentials import StaticToken, UserToken
    from airflow_wfstate.backends.token_file import TokenFile

    if token := connection.extra_dejson.get("token"):
        return StaticToken(str(token))
    if connection.login and connection.password:
        kept = TokenFile.of_airflow(url, connection.login, connection.password)
        return UserToken(url, connection.login, connection.password, kept)
    raise InvalidRequest(
        f"The Airflow connection {connection.conn_id!r} has no credentials.",
        "Give it the login and password of an Airflow user, or a token.",
    )


def _trust(connection: Connection) -> Trust:
    from airflow_wfstate.backends.trust import Trust

    verify = connection.extra_dejson.get("verify")
    if not isinstance(verify, bool | None):
        raise InvalidRequest(
            f"The extra 'verify' of the Airflow connection {connection.conn_id!r} is {verify!r}.",
            "Use true or false. The file of a certificate authority goes into the extra 'ca'.",
        )
    ca = connection.extra_dejson.get("ca") or ""
    return Trust.of_airflow(connection_ca=str(ca), verify=verify is not False)


def _task_backend(task_instance_id: str | None) -> StateBackend:
    from airflow_wfstate.backends.api import ApiBackend
    from airflow_wfstate.backends.credentials import TaskToken

    if task_instance_id is None:
        raise InvalidRequest(
            "The hook was used outside a task instance, in a process without database access.",
            "Use it inside a task, pass the task instance (in a trigger: self.task_instance.id), or define the "
            "Airflow connection wfstate_default.",
        )
    return ApiBackend(
        conf.api_url(),
        TaskToken(task_instance_id),
        configured_by="[wfstate] api_url, [core] execution_api_server_url or [api] base_url",
    )


def _own_database_backend() -> StateBackend:
    from airflow import settings

    from airflow_wfstate.backends.database import DatabaseBackend

    if settings.engine is None:
        settings.configure_orm()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
    return DatabaseBackend(settings.get_engine())  # type: ignore[no-untyped-call]  # Airflow leaves it untyped


def _postgres_backend(connection: Connection) -> StateBackend:
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    from airflow_wfstate.backends.database import DatabaseBackend

    hook = PostgresHook(connection=connection)
    return DatabaseBackend(hook.get_sqlalchemy_engine(engine_kwargs={"pool_size": 2}), is_server=False)
