"""The recorded text of an error of a step, of a ``step.once`` call or of a compensation."""

from __future__ import annotations

import traceback

from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.redaction import recorded_text


def error_text(error: BaseException) -> str:
    """The error's type, message and notes, like the last lines of a traceback.

    Secrets are masked; see :func:`~airflow_wfstate.redaction.secrets.recorded_text`.
    """
    return recorded_text("".join(traceback.format_exception_only(type(error), error)).strip(), MAX_ERROR_LENGTH)


def error_message(error: BaseException) -> str:
    """Only the error's message, with secrets masked in the same way."""
    return recorded_text(str(error), MAX_ERROR_LENGTH)
