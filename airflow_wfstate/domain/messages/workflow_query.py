"""The query for lists and counts of workflows.

It is imported whenever ``airflow`` starts, for the options of ``airflow wfstate list``, so it imports little itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from airflow_wfstate.domain.messages.asked import PAGE_SIZE, asked
from airflow_wfstate.domain.rules.labels import MAX_LABELS, parse_labels
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.text.text_filter import MAX_TEXT


class WorkflowSort(str, Enum):
    """The order of a list. A minus sign reverses it. Ties are ordered by id.

    The duration is counted from the start until it last left ``running`` (``forward_ended_at``), or until now while it
    is running.
    """

    NEWEST = "-started_at"
    OLDEST = "started_at"
    LAST_CHANGED = "-updated_at"
    FIRST_CHANGED = "updated_at"
    NAME = "name"
    NAME_BACKWARDS = "-name"
    KEY = "key"
    KEY_BACKWARDS = "-key"
    LONGEST = "-duration"
    SHORTEST = "duration"


@dataclass(frozen=True)
class WorkflowQuery:
    """Which workflows to list, and in which order.

    Each field is described in its metadata. None or an empty list does not filter. To add a filter, add a field here
    and a condition in ``store/reading/lists/workflow_filter.py``.

    :param stuck: False for only workflows without a flag.
    :param cursor: the cursor from the previous page, which must have had the same filters and order; its times and
        limit may differ. None for the first page.
    :param includes_dagless: with ``readable_dag_ids``, include workflows in which no DAG takes part.
    """

    name: str | None = field(default=None, metadata=asked("Only workflows with this name"))
    key: str | None = field(default=None, metadata=asked("Only workflows with exactly this key"))
    key_prefix: str | None = field(
        default=None, metadata=asked("Only workflows whose key begins with this text; there are no wildcards")
    )
    search: str | None = field(default=None, metadata=asked("Only workflows whose key or correlation id begins so"))
    contains: str | None = field(
        default=None,
        metadata=asked(
            "Only workflows whose key or label value contains this text of at least 3 characters (not case-sensitive)",
            max_length=MAX_TEXT,
        ),
    )
    error: str | None = field(
        default=None,
        metadata=asked(
            "Only workflows whose error contains this text of at least 3 characters (not case-sensitive)",
            max_length=MAX_TEXT,
        ),
    )
    states: list[WorkflowState] = field(
        default_factory=list, metadata=asked("Only workflows in one of these states", parameter="state")
    )
    dag_id: str | None = field(default=None, metadata=asked("Only workflows in which a run of this DAG takes part"))
    run_id: str | None = field(
        default=None, metadata=asked("Only workflows in which this run takes part; also give its dag_id")
    )
    correlation_id: str | None = field(default=None, metadata=asked("Only workflows with this correlation id"))
    labels: dict[str, str] = field(
        default_factory=dict,
        metadata=asked(
            "Only workflows with this label, name=value; if repeated, only workflows with all of them",
            parameter="label",
            parse=parse_labels,
            pattern=r"^[^=\x00]+=[^\x00]+$",
            max_items=MAX_LABELS,
        ),
    )
    step_states: list[StepState] = field(
        default_factory=list,
        metadata=asked("Only workflows with a step in one of these states", parameter="step_state"),
    )
    since: datetime | None = field(default=None, metadata=asked("Only workflows that started at or after this time"))
    until: datetime | None = field(default=None, metadata=asked("Only workflows that started before this time"))
    updated_since: datetime | None = field(
        default=None, metadata=asked("Only workflows that last changed at or after this time")
    )
    updated_until: datetime | None = field(
        default=None, metadata=asked("Only workflows that last changed before this time")
    )
    stuck: bool | None = field(
        default=None, metadata=asked("Only workflows with a flag, which make no progress or need attention")
    )
    sort: WorkflowSort = field(
        default=WorkflowSort.NEWEST,
        metadata=asked("The order; a minus sign reverses it", is_filter=False),
    )
    limit: int = field(default=50, metadata=PAGE_SIZE)
    cursor: str | None = field(
        default=None,
        metadata=asked("Where the page begins: next_cursor of the previous page", is_filter=False, max_length=2000),
    )
    with_total: bool = field(
        default=False,
        metadata=asked("Also count all matching workflows that the caller may see", parameter="total", is_filter=False),
    )
    readable_dag_ids: frozenset[str] | None = field(
        default=None,
        metadata=asked(
            "Restrict the result to workflows in which one of these DAGs takes part",
            parameter="readable_dag_id",
            has_option=False,
            parse=frozenset,
        ),
    )
    includes_dagless: bool = False
