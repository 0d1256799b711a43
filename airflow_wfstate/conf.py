"""The options of the ``[wfstate]`` section, with one typed function each. ``declared_options.py`` declares them.

Each call reads the option again, except for those on the hot path. :data:`OPTIONS` describes the options for ``airflow
config list`` and the docs.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Final

from airflow_wfstate.declared_options import DECLARED
from airflow_wfstate.option import SECTION as SECTION
from airflow_wfstate.option import Option, boolean_of

OPTIONS: Final[dict[str, Option]] = {name: declared.option() for name, declared in DECLARED.items()}


def _text(name: str) -> str:
    from airflow.configuration import conf

    value: str = conf.get(SECTION, name, fallback=DECLARED[name].default)
    return value


def _number(name: str) -> float:
    return float(DECLARED[name].value(name, _text(name)))


def _seconds(name: str) -> timedelta:
    return timedelta(seconds=_number(name))


@cache
def check_options() -> None:
    """Check every option, once per process. Called where a process starts to use them.

    :raises InvalidOption: an option has an invalid value.
    """
    for name, declared in DECLARED.items():
        declared.value(name, _text(name))


@cache
def max_payload_bytes() -> int:
    """The largest payload that is stored, in bytes.

    It is read once per process, because every payload needs it. Reading Airflow's configuration takes 0.03 ms
    (measured), compared to 0.7 ms for the write.
    """
    return int(_number("max_payload_bytes"))


@cache
def payload_path() -> str:
    """Where large payloads are stored; empty for the database. Read once per process, like the limits."""
    return _text("payload_path").rstrip("/")


@cache
def inline_payload_bytes() -> int:
    """The largest payload that stays in the database if :func:`payload_path` is set. Read once per process."""
    return int(_number("inline_payload_bytes"))


@cache
def encrypt_payloads() -> bool:
    """Whether payloads are encrypted at rest. Read once per process."""
    return boolean_of("encrypt_payloads", _text("encrypt_payloads"))


@cache
def step_xcom() -> bool:
    """Whether each step pushes the XCom ``wfstate``. Read once per process."""
    return boolean_of("step_xcom", _text("step_xcom"))


def busy_poll() -> timedelta:
    """How long a task waits before it asks again for a step that another run is executing."""
    return _seconds("busy_poll_seconds")


def busy_timeout() -> timedelta:
    """How long a task waits in total for such a step; zero to not wait."""
    return _seconds("busy_timeout_seconds")


def child_poll() -> timedelta:
    """How often to check whether a child run has ended."""
    return _seconds("child_poll_seconds")


def wait_poll() -> timedelta:
    """The longest time between two polls of a triggerer for its waits."""
    return _seconds("wait_poll_seconds")


def callback_url() -> str:
    """Where external partners reach the api-server, without a trailing slash.

    Default: ``[api] base_url``, or else :func:`api_url`.
    """
    from airflow.configuration import conf

    if url := _text("callback_url").rstrip("/"):
        return url
    base_url: str = conf.get("api", "base_url", fallback="") or ""
    return base_url.rstrip("/") or api_url()


def api_url() -> str:
    """Where workers reach the api-server, without a trailing slash.

    Default: ``[core] execution_api_server_url`` without its ``/execution``, or else ``[api] base_url``, or else
    ``http://localhost:8080``.
    """
    from airflow.configuration import conf

    if url := _text("api_url").rstrip("/"):
        return url
    execution_url: str = conf.get("core", "execution_api_server_url", fallback="") or ""
    if execution_url:
        return execution_url.rstrip("/").removesuffix("/execution")
    base_url: str = conf.get("api", "base_url", fallback="") or ""
    return (base_url or "http://localhost:8080").rstrip("/")


def event_source() -> str:
    """The ``source`` of outgoing events: ``[api] base_url``, without a trailing slash.

    Default: ``http://localhost:8080``.
    """
    from airflow.configuration import conf

    base_url: str = conf.get("api", "base_url", fallback="") or ""
    return (base_url or "http://localhost:8080").rstrip("/")


def api_timeout() -> timedelta:
    """How long to wait for one response of the api-server."""
    return _seconds("api_timeout_seconds")


def api_retry() -> timedelta:
    """How long to retry to reach an api-server that does not answer."""
    return _seconds("api_retry_seconds")


def read_timeout() -> timedelta:
    """How long the database may work on one statement of a read over HTTP; zero for no limit."""
    return _seconds("read_timeout_seconds")


def sweep_interval() -> timedelta:
    """How old the last sweep may be before an API request starts the next one."""
    return _seconds("sweep_interval_seconds")


def turn_interval() -> timedelta:
    """How often an api-server looks for relays that wait to be cleared."""
    return _seconds("turn_interval_seconds")


def in_flight_grace() -> timedelta:
    """How long a step still counts as open after its task left ``running``."""
    return _seconds("in_flight_grace_seconds")


def handler_modules() -> tuple[str, ...]:
    """Modules whose functions may be imported as compensations even if the DAG does not declare them."""
    return tuple(name.strip() for name in _text("handler_modules").split(",") if name.strip())


def webhook_hosts() -> tuple[str, ...]:
    """Hosts to which webhooks may be sent even if their addresses are not public, and over plain http."""
    return tuple(name.strip() for name in _text("webhook_hosts").split(",") if name.strip())


def webhook_timeout() -> timedelta:
    """How long one attempt to deliver a webhook may take in total."""
    return _seconds("webhook_timeout_seconds")


def max_attempts() -> int:
    """How many attempts a round of a step gets before the workflow must be resumed; zero for no limit."""
    return int(_number("max_attempts"))


def stuck_queued() -> timedelta:
    """How long a workflow may wait for Airflow to start its next task before it is flagged."""
    return _seconds("stuck_queued_seconds")


def stuck_running() -> timedelta:
    """The minimum time that a step may run without a checkpoint before it is flagged."""
    return _seconds("stuck_running_seconds")


def relay_patience() -> timedelta:
    """How long a relay that has the turn may take to begin its compensation."""
    return _seconds("relay_patience_seconds")


def quiesce() -> timedelta:
    """How long running steps may delay the compensation of their workflow."""
    return _seconds("quiesce_seconds")


def event_ttl() -> timedelta:
    """How long an event waits for its workflow before it becomes a dead letter."""
    return _seconds("event_ttl_seconds")
