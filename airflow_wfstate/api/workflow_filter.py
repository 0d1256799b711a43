"""The filters of lists and counts of workflows, as query parameters."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from airflow_wfstate.api.parameters import Item, Moment, Text
from airflow_wfstate.domain.messages.workflow import WorkflowQuery
from airflow_wfstate.domain.rules.labels import MAX_LABELS, parse_labels
from airflow_wfstate.domain.rules.states import StepState, WorkflowState

_Label = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^=\x00]+=[^\x00]+$")]


def workflow_filter(
    name: Text = None,
    key: Text = None,
    key_prefix: Annotated[Text, Query(description="How the key begins; % and _ are ordinary letters.")] = None,
    search: Annotated[Text, Query(description="How the key or the correlation id begins.")] = None,
    state: Annotated[list[WorkflowState] | None, Query()] = None,
    dag_id: Annotated[Text, Query(description="A run of this DAG takes part.")] = None,
    run_id: Annotated[Text, Query(description="This run of dag_id takes part.")] = None,
    correlation_id: Text = None,
    label: Annotated[
        list[_Label] | None, Query(max_length=MAX_LABELS, description="name=value; with several, it has all of them.")
    ] = None,
    step_state: Annotated[list[StepState] | None, Query(description="Some step is in one of these states.")] = None,
    since: Moment = None,
    until: Moment = None,
    updated_since: Moment = None,
    updated_until: Moment = None,
    stuck: Annotated[bool | None, Query(description="True: only those with a flag; false: only those without.")] = None,
    readable_dag_id: Annotated[list[Item] | None, Query(description="Narrows what the caller may see.")] = None,
) -> WorkflowQuery:
    """The query that these parameters describe; ``since`` and ``until`` are about its start.

    :raises InvalidRequest: a label is not of the form name=value, or is given two values.
    """
    return WorkflowQuery(
        name=name,
        key=key,
        key_prefix=key_prefix,
        search=search,
        states=state or [],
        dag_id=dag_id,
        run_id=run_id,
        correlation_id=correlation_id,
        labels=parse_labels(label or []),
        step_states=step_state or [],
        since=since,
        until=until,
        updated_since=updated_since,
        updated_until=updated_until,
        stuck=stuck,
        readable_dag_ids=None if readable_dag_id is None else frozenset(readable_dag_id),
    )
