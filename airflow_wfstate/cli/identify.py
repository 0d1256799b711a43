"""Which workflow the command line means."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final
from uuid import UUID

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.absence import why_absent
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import InvalidRequest, WorkflowNotFound

_MAX_SLASHES: Final = 20
"""Of a text at which a name may end; each is looked for."""


def workflow_id(text: str, store: StateBackend) -> str:
    """The id of the workflow that an operator named.

    :param text: an id, or ``name/key``: the newest generation of that key. Names and keys may have slashes of their
        own: the name ends at the slash for which there is a workflow.
    :raises WorkflowNotFound: there is none.
    :raises InvalidRequest: there are several, of different names.
    """
    try:
        return str(UUID(text))
    except ValueError:
        pairs = name_and_key_pairs(text)
    if not pairs:
        raise WorkflowNotFound(
            f"{text!r} is not a workflow's id, nor a name and a key as name/key.", "Find it with: airflow wfstate list"
        )
    found = [workflow for name, key in pairs for workflow in _newest(store, name, key)]
    if not found:
        name, key = pairs[0]
        reason = f"There is no workflow {name!r} with the key {key!r}"
        reason += ", nor one whose name ends at a later slash." if len(pairs) > 1 else "."
        known = why_absent(store, [name for name, _ in pairs])
        raise WorkflowNotFound(f"{reason} {known}".rstrip(), "See what there is with: airflow wfstate list")
    if len(found) > 1:
        raise InvalidRequest(
            f"{text!r} means several workflows: "
            + "; ".join(f"{one.name!r} with the key {one.key!r} is {one.id}" for one in found)
            + ".",
            "Give the id of the one that is meant.",
        )
    return found[0].id


def name_and_key_pairs(text: str, *, with_empty_key: bool = False) -> list[tuple[str, str]]:
    """Name and key, for each of the first 20 slashes at which the name may end.

    :param with_empty_key: also for a slash with nothing behind it: a key that is still being typed.
    """
    return list(islice(_pairs(text, with_empty_key), _MAX_SLASHES))


def _pairs(text: str, with_empty_key: bool) -> Iterator[tuple[str, str]]:
    for position, character in enumerate(text):
        if character == "/" and text[:position] and (with_empty_key or text[position + 1 :]):
            yield text[:position], text[position + 1 :]


def _newest(store: StateBackend, name: str, key: str) -> list[WorkflowSummary]:
    return store.list_workflows(WorkflowQuery(name=name, key=key, limit=1)).workflows
