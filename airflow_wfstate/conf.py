"""The options of the ``[wfstate]`` section, one typed function each.

Read anew at each call, but for the hot path's. :data:`OPTIONS` describes them for ``airflow config list`` and the docs.
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
        "of its JSON text. A larger one is refused.",
        at_least=1,
        at_most=_GIB,
    ),
    "payload_path": DeclaredOption(
        "string",
        "",
        "Where payloads that are larger than inline_payload_bytes are kept, as Airflow's ObjectStoragePath takes it: "
        "file:///var/lib/wfstate, s3://connection@bucket/prefix. The api-server, the scheduler's host and whoever runs "
        "airflow wfstate must reach it, and workers that use a connection of type postgres. Empty: every payload is "
        "kept in the database.",
    ),
    "inline_payload_bytes": DeclaredOption(
        "integer",
        "65536",
        "The largest payload that is kept in the database when payload_path is set, in bytes of its JSON text.",
        at_least=0,
        at_most=_GIB,
    ),
    "encrypt_payloads": DeclaredOption(
        "boolean",
        "False",
        "Whether payloads are encrypted at rest, with Airflow's [core] fernet_key. What was stored before is read as "
        "it is; airflow wfstate rotate-keys encrypts it too.",
    ),
    "busy_poll_seconds": DeclaredOption(
        "integer",
        "10",
        "How long a task waits, deferred, before it asks again for a step that another run is working on.",
        at_least=1,
        at_most=_DAY,
    ),
    "busy_timeout_seconds": DeclaredOption(
        "integer",
        "86400",
        "How long a task waits altogether for such a step, or for a workflow that is being compensated, before it "
        "fails. 0: it does not wait at all.",
        at_most=_YEAR,
    ),
    "child_poll_seconds": DeclaredOption(
        "integer",
        "5",
        "How often TriggerWorkflowDagRunOperator looks whether the child run has ended.",
        at_least=1,
        at_most=_DAY,
    ),
    "wait_poll_seconds": DeclaredOption(
        "float",
        "10",
        "How long a triggerer waits at most between two looks at its waits. The cheaper a look, the sooner the next.",
        at_least=0.1,
        at_most=_DAY,
    ),
    "step_xcom": DeclaredOption(
        "boolean",
        "False",
        "Whether each step pushes the XCom wfstate, which names its workflow and its attempt, as StartWorkflowOperator "
        "always does. It is a request more to the api-server for each step.",
    ),
    "callback_url": DeclaredOption(
        "string",
        "",
        "Where partners outside reach the api-server: what the URLs of tokens (step.token()) begin with, for instance "
        "https://airflow.example.com. To be set alike on all workers. Empty: [api] base_url, else api_url.",
    ),
    "api_url": DeclaredOption(
        "string",
        "",
        "Where workers reach the api-server when no connection of type wfstate is defined, for instance "
        "http://localhost:8080. Empty: taken from [core] execution_api_server_url, else [api] base_url.",
    ),
    "api_timeout_seconds": DeclaredOption(
        "float",
        "30",
        "How long a worker waits for one answer of the api-server.",
        at_least=0.1,
        at_most=_DAY,
    ),
    "api_retry_seconds": DeclaredOption(
        "float",
        "60",
        "How long a worker goes on trying, with back-off, to reach an api-server that does not answer.",
        at_most=_DAY,
    ),
    "read_timeout_seconds": DeclaredOption(
        "float",
        "10",
        "How long PostgreSQL may work on one statement of a read that a caller asks for by HTTP; a longer one is ended "
        "and answered with 504. Writes, workers, the command line and the sweep are not limited. 0: no limit.",
        at_most=_DAY,
    ),
    "sweep_interval_seconds": DeclaredOption(
        "integer",
        "60",
        "How old the last sweep may be before an api-server makes the next one.",
        at_least=1,
        at_most=_DAY,
    ),
    "turn_interval_seconds": DeclaredOption(
        "float",
        "5",
        "How often an api-server looks for relays that wait to be set going, as long as anything is asked or undone.",
        at_least=0.1,
        at_most=_DAY,
    ),
    "stuck_queued_seconds": DeclaredOption(
        "integer",
        "600",
        "How long a workflow may wait for Airflow to begin its next task before it is flagged as queued too long.",
        at_least=1,
        at_most=_YEAR,
    ),
    "stuck_running_seconds": DeclaredOption(
        "integer",
        "900",
        "How long a step may at least be at work without a checkpoint before it is flagged as slow. A step that "
        "usually takes long is given three times its usual duration.",
        at_least=1,
        at_most=_YEAR,
    ),
    "relay_patience_seconds": DeclaredOption(
        "integer",
        "600",
        "How long a relay may take to begin a compensation whose turn it has, before the workflow is held for a "
        "person; it is flagged after a tenth of that. A relay that waits for other tasks of its run is waited for.",
        at_least=1,
        at_most=_YEAR,
    ),
    "quiesce_seconds": DeclaredOption(
        "integer",
        "3600",
        "How long steps that are still at work may hold up the compensation of their workflow, before it is held for "
        "a person.",
        at_most=_YEAR,
    ),
    "in_flight_grace_seconds": DeclaredOption(
        "integer",
        "20",
        "For how long after Airflow took a task out of 'running' its step still counts as open: the process lives "
        "on for up to 10 seconds.",
        at_most=_DAY,
    ),
    "handler_modules": DeclaredOption(
        "string",
        "",
        "Modules, separated by commas, whose functions any relay may import as compensations although no task of its "
        "DAG declares them (any more), also in place of a run that is gone; a module allows those below it. Empty: "
        "only what the DAG declares. To be set alike on api-server and workers.",
    ),
    "webhook_hosts": DeclaredOption(
        "string",
        "",
        "Hosts, separated by commas, to which webhooks may be sent although their addresses are not public, and by "
        "http: names (hooks.example.com), all below a name (.example.com), addresses and networks (10.20.0.0/16). "
        "Empty: only public addresses, by https. To be set where airflow wfstate deliver and the api-server run.",
    ),
    "webhook_timeout_seconds": DeclaredOption(
        "float",
        "15",
        "How long one attempt to deliver a webhook may take altogether.",
        at_least=0.1,
        at_most=300,
    ),
    "max_attempts": DeclaredOption(
        "integer",
        "100",
        "How many attempts a round of a step gets. The begin of one more fails the workflow, held for a person; each "
        "resume allows as many again. 0: there is no limit.",
        at_most=1_000_000,
    ),
    "event_ttl_seconds": DeclaredOption(
        "integer",
        "604800",
        "How long an event of a service waits for its workflow to start. After that it is a dead letter, which an "
        "operator replays or drops.",
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
    """Check every option, once in a process: asked where a process starts to use them.

    :raises InvalidOption: one has a value that makes no sense.
    """
    for name, declared in _DECLARED.items():
        declared.value(name, _text(name))


@cache
def max_payload_bytes() -> int:
    """The largest payload that is stored, in bytes.

    Read once in a process: it is asked for with every payload, and a read of Airflow's configuration takes 0.03 ms
    (measured), beside 0.7 for the write.
    """
    return int(_number("max_payload_bytes"))


@cache
def payload_path() -> str:
    """Where large payloads are kept; empty: in the database. Read once in a process, as the limits are."""
    return _text("payload_path").rstrip("/")


@cache
def inline_payload_bytes() -> int:
    """The largest payload that stays in the database when there is a :func:`payload_path`. Read once in a process."""
    return int(_number("inline_payload_bytes"))


@cache
def encrypt_payloads() -> bool:
    """Whether payloads are encrypted at rest. Read once in a process."""
    return boolean_of("encrypt_payloads", _text("encrypt_payloads"))


@cache
def step_xcom() -> bool:
    """Whether each step pushes the XCom ``wfstate``. Read once in a process."""
    return boolean_of("step_xcom", _text("step_xcom"))


def busy_poll() -> timedelta:
    """How long a task waits before it asks again for a step that another run is working on."""
    return _seconds("busy_poll_seconds")


def busy_timeout() -> timedelta:
    """How long a task waits altogether for such a step; zero: not at all."""
    return _seconds("busy_timeout_seconds")


def child_poll() -> timedelta:
    """How often to look whether a child run has ended."""
    return _seconds("child_poll_seconds")


def wait_poll() -> timedelta:
    """How long a triggerer waits at most between two looks at its waits."""
    return _seconds("wait_poll_seconds")


def callback_url() -> str:
    """Where partners outside reach the api-server, without a slash at the end.

    Default: ``[api] base_url``, else :func:`api_url`.
    """
    from airflow.configuration import conf

    if url := _text("callback_url").rstrip("/"):
        return url
    base_url: str = conf.get("api", "base_url", fallback="") or ""
    return base_url.rstrip("/") or api_url()


def api_url() -> str:
    """Where workers reach the api-server, without a slash at the end.

    Default: ``[core] execution_api_server_url`` without its ``/execution``, else ``[api] base_url``, else
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
    """The ``source`` of the events that are sent: ``[api] base_url``, without a slash at the end.

    Default: ``http://localhost:8080``.
    """
    from airflow.configuration import conf

    base_url: str = conf.get("api", "base_url", fallback="") or ""
    return (base_url or "http://localhost:8080").rstrip("/")


def api_timeout() -> timedelta:
    """How long to wait for one answer of the api-server."""
    return _seconds("api_timeout_seconds")


def api_retry() -> timedelta:
    """How long to go on trying to reach an api-server that does not answer."""
    return _seconds("api_retry_seconds")


def read_timeout() -> timedelta:
    """How long the database may work on one statement of a read by HTTP; zero: as long as it likes."""
    return _seconds("read_timeout_seconds")


def sweep_interval() -> timedelta:
    """How old the last sweep may be before an API request starts the next one."""
    return _seconds("sweep_interval_seconds")


def turn_interval() -> timedelta:
    """How often an api-server looks for relays that wait to be set going."""
    return _seconds("turn_interval_seconds")


def in_flight_grace() -> timedelta:
    """For how long after a task left ``running`` its step still counts as open."""
    return _seconds("in_flight_grace_seconds")


def handler_modules() -> tuple[str, ...]:
    """Modules whose functions may be imported as compensations although the DAG does not declare them."""
    return tuple(name.strip() for name in _text("handler_modules").split(",") if name.strip())


def webhook_hosts() -> tuple[str, ...]:
    """Hosts to which webhooks may be sent although their addresses are not public, and by http."""
    return tuple(name.strip() for name in _text("webhook_hosts").split(",") if name.strip())


def webhook_timeout() -> timedelta:
    """How long one attempt to deliver a webhook may take altogether."""
    return _seconds("webhook_timeout_seconds")


def max_attempts() -> int:
    """How many attempts a round of a step gets until a person resumes the workflow; zero: no limit."""
    return int(_number("max_attempts"))


def stuck_queued() -> timedelta:
    """How long a workflow may wait for Airflow to begin its next task before it is flagged."""
    return _seconds("stuck_queued_seconds")


def stuck_running() -> timedelta:
    """How long a step may at least be at work without a checkpoint before it is flagged."""
    return _seconds("stuck_running_seconds")


def relay_patience() -> timedelta:
    """How long a relay may take to begin a compensation whose turn it has."""
    return _seconds("relay_patience_seconds")


def quiesce() -> timedelta:
    """How long steps at work may hold up the compensation of their workflow."""
    return _seconds("quiesce_seconds")


def event_ttl() -> timedelta:
    """How long an event waits for its workflow before it is a dead letter."""
    return _seconds("event_ttl_seconds")
