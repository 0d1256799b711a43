"""The options of the ``[wfstate]`` section, with one typed function each.

Each call reads the option again, except for those on the hot path. :data:`OPTIONS` describes the options for ``airflow
config list`` and the docs.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Final

from airflow_wfstate.option import SECTION as SECTION
from airflow_wfstate.option import DeclaredOption, Option, boolean_of

_DAY: Final = 86_400
_YEAR: Final = 366 * _DAY
_GIB: Final = 2**30

_DECLARED: Final = {
    "max_payload_bytes": DeclaredOption(
        "integer",
        "1048576",
        "The largest payload (a workflow's input or output, a step's output, a checkpoint) that is stored, in bytes "
        "of its JSON text. Larger payloads are refused.",
        at_least=1,
        at_most=_GIB,
    ),
    "payload_path": DeclaredOption(
        "string",
        "",
        "Where payloads larger than inline_payload_bytes are stored, as a path for Airflow's ObjectStoragePath: "
        "file:///var/lib/wfstate, s3://connection@bucket/prefix. The api-server, the scheduler's host, every host that "
        "runs airflow wfstate, and workers that use a connection of type postgres must be able to reach it. Empty: all "
        "payloads are stored in the database.",
    ),
    "inline_payload_bytes": DeclaredOption(
        "integer",
        "65536",
        "The largest payload that is stored in the database if payload_path is set, in bytes of its JSON text.",
        at_least=0,
        at_most=_GIB,
    ),
    "encrypt_payloads": DeclaredOption(
        "boolean",
        "False",
        "Whether payloads are encrypted at rest with Airflow's [core] fernet_key. Payloads that were stored before "
        "remain readable; airflow wfstate rotate-keys encrypts them, too.",
    ),
    "busy_poll_seconds": DeclaredOption(
        "integer",
        "10",
        "How long a deferred task waits before it asks again for a step that another run is executing.",
        at_least=1,
        at_most=_DAY,
    ),
    "busy_timeout_seconds": DeclaredOption(
        "integer",
        "86400",
        "How long a task waits in total for such a step, or for a workflow that is being compensated, before it "
        "fails. 0: it does not wait.",
        at_most=_YEAR,
    ),
    "child_poll_seconds": DeclaredOption(
        "integer",
        "5",
        "How often TriggerWorkflowDagRunOperator checks whether the child run has ended.",
        at_least=1,
        at_most=_DAY,
    ),
    "wait_poll_seconds": DeclaredOption(
        "float",
        "10",
        "The longest time between two polls of a triggerer for its waits. The cheaper a poll, the sooner the next.",
        at_least=0.1,
        at_most=_DAY,
    ),
    "step_xcom": DeclaredOption(
        "boolean",
        "False",
        "Whether each step pushes the XCom wfstate, which identifies its workflow and attempt, as "
        "StartWorkflowOperator always does. This costs one more request to the api-server per step.",
    ),
    "callback_url": DeclaredOption(
        "string",
        "",
        "Where external partners reach the api-server: the beginning of token URLs (step.token()), for instance "
        "https://airflow.example.com. Set it to the same value on all workers. Empty: [api] base_url, or else api_url.",
    ),
    "api_url": DeclaredOption(
        "string",
        "",
        "Where workers reach the api-server if no connection of type wfstate is defined, for instance "
        "http://localhost:8080. Empty: derived from [core] execution_api_server_url, or else [api] base_url.",
    ),
    "api_timeout_seconds": DeclaredOption(
        "float",
        "30",
        "How long a worker waits for one response of the api-server.",
        at_least=0.1,
        at_most=_DAY,
    ),
    "api_retry_seconds": DeclaredOption(
        "float",
        "60",
        "How long a worker retries, with back-off, to reach an api-server that does not answer.",
        at_most=_DAY,
    ),
    "read_timeout_seconds": DeclaredOption(
        "float",
        "10",
        "How long PostgreSQL may work on one statement of a read over HTTP. A longer one is cancelled and answered "
        "with 504. Writes, workers, the command line and the sweep have no such limit. 0: no limit.",
        at_most=_DAY,
    ),
    "sweep_interval_seconds": DeclaredOption(
        "integer",
        "60",
        "How old the last sweep may be before an api-server runs the next one.",
        at_least=1,
        at_most=_DAY,
    ),
    "turn_interval_seconds": DeclaredOption(
        "float",
        "5",
        "How often an api-server looks for relays that wait to be cleared, while it gets requests or undoes anything.",
        at_least=0.1,
        at_most=_DAY,
    ),
    "stuck_queued_seconds": DeclaredOption(
        "integer",
        "600",
        "How long a workflow may wait for Airflow to start its next task before it is flagged as queued too long.",
        at_least=1,
        at_most=_YEAR,
    ),
    "stuck_running_seconds": DeclaredOption(
        "integer",
        "900",
        "The minimum time that a step may run without a checkpoint before it is flagged as slow. A step that usually "
        "takes longer gets three times its usual duration.",
        at_least=1,
        at_most=_YEAR,
    ),
    "relay_patience_seconds": DeclaredOption(
        "integer",
        "600",
        "How long a relay that has the turn may take to begin before the workflow is put on hold until an operator "
        "decides; it is flagged after a tenth of that. Waiting for other tasks of the relay's run does not count.",
        at_least=1,
        at_most=_YEAR,
    ),
    "quiesce_seconds": DeclaredOption(
        "integer",
        "3600",
        "How long running steps may delay the compensation of their workflow before it is put on hold until an "
        "operator decides.",
        at_most=_YEAR,
    ),
    "in_flight_grace_seconds": DeclaredOption(
        "integer",
        "20",
        "How long a step still counts as open after Airflow has moved its task out of 'running', because the process "
        "can live for up to 10 seconds more.",
        at_most=_DAY,
    ),
    "handler_modules": DeclaredOption(
        "string",
        "",
        "Comma-separated modules whose functions any relay may import as compensations even if no task of its DAG "
        "declares them (any more), also on behalf of a run that is gone. A module includes its submodules. Empty: only "
        "functions that the DAG declares. Set it to the same value on the api-server and workers.",
    ),
    "webhook_hosts": DeclaredOption(
        "string",
        "",
        "Comma-separated hosts to which webhooks may be sent even if their addresses are not public, and over plain "
        "http: names (hooks.example.com), subdomains (.example.com), addresses and networks (10.20.0.0/16). Empty: "
        "only public addresses, over https. Set it where the api-server and airflow wfstate deliver run.",
    ),
    "webhook_timeout_seconds": DeclaredOption(
        "float",
        "15",
        "How long one attempt to deliver a webhook may take in total.",
        at_least=0.1,
        at_most=300,
    ),
    "max_attempts": DeclaredOption(
        "integer",
        "100",
        "How many attempts a round of a step gets. Beginning one more fails the workflow and puts it on hold until an "
        "operator decides. Each resume allows the same number again. 0: no limit.",
        at_most=1_000_000,
    ),
    "event_ttl_seconds": DeclaredOption(
        "integer",
        "604800",
        "How long an event of a service waits for its workflow to start. After that it is a dead letter, which an "
        "operator can replay or drop.",
        at_least=1,
        at_most=_YEAR,
    ),
}

OPTIONS: Final[dict[str, Option]] = {name: declared.option() for name, declared in _DECLARED.items()}


def _text(name: str) -> str:
    from airflow.configuration import conf

    value: str = conf.get(SECTION, name, fallback=_DECLARED[name].default)
    return value


def _number(name: str) -> float:
    return float(_DECLARED[name].value(name, _text(name)))


def _seconds(name: str) -> timedelta:
    return timedelta(seconds=_number(name))


@cache
def check_options() -> None:
    """Check every option, once per process. Called where a process starts to use them.

    :raises InvalidOption: an option has an invalid value.
    """
    for name, declared in _DECLARED.items():
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
