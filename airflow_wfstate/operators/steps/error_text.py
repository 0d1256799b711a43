"""The text of an error as it is recorded: of a step, a call of ``step.once`` or an undo."""

from __future__ import annotations

import traceback

from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.redaction import recorded_text


def error_text(error: BaseException) -> str:
    """The error's type, message and notes, as the last lines of a traceback have them.

    Recorded as :func:`~airflow_wfstate.redaction.secrets.recorded_text` says: without secrets.
    """
    return recorded_text("".join(traceback.format_exception_only(type(error), error)).strip(), MAX_ERROR_LENGTH)


def error_message(error: BaseException) -> str:
    """The error's message alone, recorded in the same way."""
    return recorded_text(str(error), MAX_ERROR_LENGTH)
