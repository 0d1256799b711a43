"""What Schemathesis leaves out, because it never reaches our app; and the watchdog, as one of its checks."""

from __future__ import annotations

import os
import time
from typing import Any, Final
from urllib.parse import unquote

import requests
import schemathesis
import schemathesis.core.failures

from tests.fuzz.watchdog import ServerMemory, complaint

SERVER_PID: Final = "WFSTATE_FUZZ_SERVER_PID"
"""The environment variable that names the api-server's process."""

MAX_SECONDS: Final = "WFSTATE_FUZZ_MAX_SECONDS"
"""The environment variable that says how long an answer may take; empty for as long as it likes."""

_OF_UVICORN: Final = b"Invalid HTTP request received."

_memory: Final = ServerMemory(int(os.environ[SERVER_PID])) if SERVER_PID in os.environ else None
_max_seconds: Final = float(os.environ[MAX_SECONDS]) if os.environ.get(MAX_SECONDS) else None


@schemathesis.hook
def filter_path_parameters(context: schemathesis.HookContext, path_parameters: dict[str, Any] | None) -> bool:
    """Whether the path reaches us: Starlette's ``Mount`` matches no line break (its ``path`` is ``.*``).

    Airflow itself then answers 404, in its own form.
    """
    # Schemathesis may have quoted it already.
    return not any("\n" in unquote(str(value)) for value in (path_parameters or {}).values())


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: schemathesis.core.failures.Failure,
    case: schemathesis.Case,
    response: schemathesis.Response,
) -> bool:
    """Whether it is one.

    Of a request whose head is longer than 64 KiB uvicorn reads no more, and says so in its own form. Of a batch of
    events each gets a verdict, so that one that is not as the document says is refused inside of a 200.
    """
    if case.operation.label == "POST /v1/events" and response.status_code == 200:
        return not isinstance(failure, schemathesis.core.failures.AcceptedNegativeData)
    return response.content != _OF_UVICORN


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Measure the server's memory from here on."""
    if _memory is not None:
        _memory.begin()


@schemathesis.check
def answers_in_time_and_memory(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """No case may take the server longer, or more memory, than the watchdog allows.

    What it complains of is sent once more: a machine that was busy with something else is not a fault of ours.
    """
    if _memory is None or complaint(response.elapsed, _memory.growth(), _max_seconds) is None:
        return
    _memory.begin()
    started = time.monotonic()
    with requests.Session() as session:
        session.send(response.request, timeout=60)
    again = complaint(time.monotonic() - started, _memory.growth(), _max_seconds)
    assert again is None, again
