"""Find the workflow that the command line names."""

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
"""How many slashes in a text are tried as the end of the name."""


def workflow_id(text: str, store: StateBackend) -> str:
    """The id of the workflow that the user named.

    :param text: an id, or ``name/key`` for the newest generation of that key. Names and keys may contain slashes; the
        name ends at the slash for which a workflow exists.
    :raises WorkflowNotFound: there is no such workflow.
    :raises InvalidRequest: several workflows with different names match.
    """
    try:
        return str(UUID(text))
    except ValueError:
        pairs = name_and_key_pairs(text)
    if not pairs:
        raise WorkflowNotFound(
            f"{text!r} is neither a workflow's id nor name/key.", "Find it with: airflow wfstate list"
        )
    found = [workflow for name, key in pairs for workflow in _newest(store, name, key)]
    if not found:
        name, key = pairs[0]
        reason = f"There is no workflow {name!r} with the key {key!r}"
        reason += ", or one whose name ends at a later slash." if len(pairs) > 1 else "."
        known = why_absent(store, [name for name, _ in pairs])
        raise WorkflowNotFound(f"{reason} {known}".rstrip(), "List the workflows with: airflow wfstate list")
    if len(found) > 1:
        raise InvalidRequest(
            f"{text!r} matches several workflows: "
            + "; ".join(f"{one.name!r} with the key {one.key!r} is {one.id}" for one in found)
            + ".",
            "Use the id of the one you mean.",
        )
    return found[0].id


def name_and_key_pairs(text: str, *, with_empty_key: bool = False) -> list[tuple[str, str]]:
    """The pairs of name and key, for each of the first 20 slashes at which the name may end.

    :param with_empty_key: include a slash with nothing after it, for a key that is still being typed.
    """
    return list(islice(_pairs(text, with_empty_key), _MAX_SLASHES))


def _pairs(text: str, with_empty_key: bool) -> Iterator[tuple[str, str]]:
    for position, character in enumerate(text):
        if character == "/" and text[:position] and (with_empty_key or text[position + 1 :]):
            yield text[:position], text[position + 1 :]


def _newest(store: StateBackend, name: str, key: str) -> list[WorkflowSummary]:
    return store.list_workflows(WorkflowQuery(name=name, key=key, limit=1)).workflows
