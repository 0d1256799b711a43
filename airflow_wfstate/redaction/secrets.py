"""Mask the secrets that Airflow's secrets masker knows in this process.

Airflow has two maskers, for the server and for tasks, each with its own secrets, so both are used.
"""

from __future__ import annotations

import re
from typing import Final, overload

from airflow._shared.secrets_masker import _secrets_masker as masker_of_server
from airflow._shared.secrets_masker import redact as redact_on_server
from airflow._shared.secrets_masker import should_hide_value_for_key as is_sensitive_on_server
from airflow.sdk._shared.secrets_masker import _secrets_masker as masker_of_tasks
from airflow.sdk._shared.secrets_masker import redact as redact_in_task
from airflow.sdk._shared.secrets_masker import should_hide_value_for_key as is_sensitive_in_task

from airflow_wfstate.domain.rules.text.names import storable_text

MASK: Final = "***"

_DAG_FILE_PREFIX: Final = re.compile(r"unusual_prefix_[0-9a-f]{40}_")
"""Airflow imports a DAG file as a module of such a name; the hash is that of the file's path."""


@overload
def masked_text(text: str) -> str: ...
@overload
def masked_text(text: str | None) -> str | None: ...
def masked_text(text: str | None) -> str | None:
    """The text, with all secrets that this process knows masked."""
    return None if text is None else str(redact_in_task(redact_on_server(text)))


@overload
def recorded_text(text: str, limit: int) -> str: ...
@overload
def recorded_text(text: str | None, limit: int) -> str | None: ...
def recorded_text(text: str | None, limit: int) -> str | None:
    """Prepare a user's text (an error, a reason) for recording. Every such text goes through here before it is stored.

    It masks the secrets that this process knows, because a process that reads the text later may not know them. It
    masks first and cuts afterwards, so that no half of a secret is left at the end. It removes the prefix that Airflow
    gives to modules of DAG files, and escapes what no database can store.

    :param limit: the most characters to keep.
    """
    if text is None:
        return None
    return storable_text(masked_text(_DAG_FILE_PREFIX.sub("", text))[:limit])


def is_sensitive(name: str) -> bool:
    """Whether values under this name are hidden (``password``; ``[core] sensitive_var_conn_names`` adds others)."""
    # Airflow does not annotate it.
    return bool(is_sensitive_on_server(name) or is_sensitive_in_task(name))  # type: ignore[no-untyped-call]


def known_secrets() -> tuple[object, object]:
    """A value that stays equal until this process learns another secret; (None, None) while it knows none."""
    return masker_of_server().replacer, masker_of_tasks().replacer
