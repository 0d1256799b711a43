"""Which workflow the command line means."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final
from uuid import UUID

from airflow_wfstate.backends.state_backend import StateBackend
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
        pairs = list(islice(_pairs(text), _MAX_SLASHES))
    if not pairs:
        raise WorkflowNotFound(
            f"{text!r} is not a workflow's id, nor a name and a key as name/key.", "Find it with: airflow wfstate list"
        )
    found = [workflow for name, key in pairs for workflow in _newest(store, name, key)]
    if not found:
        name, key = pairs[0]
        raise WorkflowNotFound(
            f"There is no workflow {name!r} with the key {key!r}"
            + (", nor one whose name ends at a later slash." if len(pairs) > 1 else "."),
            "Find it with: airflow wfstate list",
        )
    if len(found) > 1:
        raise InvalidRequest(
            f"{text!r} means several workflows: "
            + "; ".join(f"{one.name!r} with the key {one.key!r} is {one.id}" for one in found)
            + ".",
            "Give the id of the one that is meant.",
        )
    return found[0].id


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Name and key, for each slash at which the name may end."""
    for position, character in enumerate(text):
        if character == "/" and text[:position] and text[position + 1 :]:
            yield text[:position], text[position + 1 :]


def _newest(store: StateBackend, name: str, key: str) -> list[WorkflowSummary]:
    return store.list_workflows(WorkflowQuery(name=name, key=key, limit=1)).workflows
