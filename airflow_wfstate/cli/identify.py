"""Which workflow the command line means."""

from __future__ import annotations

from uuid import UUID

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.domain.workflow import WorkflowQuery
from airflow_wfstate.exceptions import WorkflowNotFound


def workflow_id(text: str, store: StateBackend) -> str:
    """The id of the workflow that a person named.

    :param text: an id, or ``name/key``: the newest generation of that key. The name ends at the first slash.
    :raises WorkflowNotFound: there is none.
    """
    try:
        return str(UUID(text))
    except ValueError:
        name, slash, key = text.partition("/")
    if not (name and slash and key):
        raise WorkflowNotFound(
            f"{text!r} is no workflow's id, nor a name and a key as name/key.", "Find it with: airflow wfstate list"
        )
    found = store.list_workflows(WorkflowQuery(name=name, key=key, limit=1)).workflows
    if not found:
        raise WorkflowNotFound(
            f"There is no workflow {name!r} with the key {key!r}.", "Find it with: airflow wfstate list"
        )
    return found[0].id
