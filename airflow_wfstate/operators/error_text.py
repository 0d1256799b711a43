"""The text of an error as it is recorded: of a step, a call of ``step.once`` or an undo."""

from __future__ import annotations

import re
import traceback
from typing import Final

from airflow_wfstate.redaction import masked_text

_DAG_FILE_PREFIX: Final = re.compile(r"unusual_prefix_[0-9a-f]{40}_")
"""Airflow imports a DAG file as a module of such a name; the hash is that of the file's path."""


def error_text(error: BaseException) -> str:
    """The error's type, message and notes, as the last lines of a traceback have them.

    Without the secrets that Airflow's masker knows, and without the prefix that Airflow gives to modules of DAG files.
    """
    return recorded_text("".join(traceback.format_exception_only(type(error), error)).strip())


def recorded_text(text: str) -> str:
    """A text about an error, cleaned as :func:`error_text` says."""
    return masked_text(_DAG_FILE_PREFIX.sub("", text))
