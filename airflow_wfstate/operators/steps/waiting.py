"""Defer a task until it is time to ask the store again."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, NoReturn

from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate import conf

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

ASK_AGAIN: Final = "ask_again"
"""The method with which such a task resumes. The deferral carries ``waiting_since``."""


def defer_to_ask_again(operator: BaseOperator, reason: str, waiting_since: str | None, **kept: object) -> NoReturn:
    """Defer for ``[wfstate] busy_poll_seconds``; the task resumes with the method :data:`ASK_AGAIN`.

    :param reason: what the task waits for, as a sentence without a full stop.
    :param waiting_since: when the wait began (ISO 8601); None if it begins now.
    :param kept: further arguments of :data:`ASK_AGAIN`.
    :raises AirflowFailException: it has already waited for ``[wfstate] busy_timeout_seconds``.
    """
    # Imported only when needed: most tasks never wait.
    from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

    now = datetime.now(timezone.utc)
    since = now if waiting_since is None else datetime.fromisoformat(waiting_since)
    if now - since >= conf.busy_timeout():
        raise AirflowFailException(
            f"{reason}; waited since {since.isoformat()}, as long as [wfstate] busy_timeout_seconds allows. "
            "Check what is holding it up, then clear this task."
        )
    operator.log.info("%s; asking again in %s.", reason, conf.busy_poll())
    operator.defer(
        trigger=TimeDeltaTrigger(conf.busy_poll()),
        method_name=ASK_AGAIN,
        kwargs={"waiting_since": since.isoformat(), **kept},
    )
    raise AssertionError("defer() always raises")  # mypy does not know it
