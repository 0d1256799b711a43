"""Which workflows a list or a count shall hold, and in which order.

Imported whenever ``airflow`` starts, for the options of ``airflow wfstate list``: it imports little.
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
    """The order of a list; a minus sign means the greatest first. The id decides between equals.

    By duration: from the start until it last left running (``forward_ended_at``), until now while it runs.
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
    """Which workflows a list shall hold, and in which order.

    What each field asks for stands beside it; None, and an empty list, ask for nothing. A new filter is a field here,
    and a condition in ``store/reading/lists/workflow_filter.py``.

    :param stuck: False: only workflows without a flag.
    :param cursor: the page before must have had the same filters and order; its times and its limit may differ. None
        for the first page.
    :param includes_dagless: with ``readable_dag_ids``, also workflows in which no DAG takes part.
    """

    name: str | None = field(default=None, metadata=asked("Only workflows of this name"))
    key: str | None = field(default=None, metadata=asked("Only workflows with this key, as a whole"))
    key_prefix: str | None = field(
        default=None, metadata=asked("Only workflows whose key begins so; wildcards are ordinary letters")
    )
    search: str | None = field(default=None, metadata=asked("Only workflows whose key or correlation id begins so"))
    contains: str | None = field(
        default=None,
        metadata=asked(
            "Only workflows whose key, or the value of a label, holds this text of at least 3 characters; in small "
            "letters or capitals",
            max_length=MAX_TEXT,
        ),
    )
    error: str | None = field(
        default=None,
        metadata=asked(
            "Only workflows whose error holds this text of at least 3 characters; in small letters or capitals",
            max_length=MAX_TEXT,
        ),
    )
    states: list[WorkflowState] = field(
        default_factory=list, metadata=asked("Only workflows in this state, or one of these", parameter="state")
    )
    dag_id: str | None = field(default=None, metadata=asked("Only workflows in which a run of this DAG takes part"))
    run_id: str | None = field(
        default=None, metadata=asked("Only workflows in which this run takes part; dag_id names its DAG")
    )
    correlation_id: str | None = field(default=None, metadata=asked("Only workflows with this correlation id"))
    labels: dict[str, str] = field(
        default_factory=dict,
        metadata=asked(
            "Only workflows with this label, name=value; with all of them, if there are several",
            parameter="label",
            parse=parse_labels,
            pattern=r"^[^=\x00]+=[^\x00]+$",
            max_items=MAX_LABELS,
        ),
    )
    step_states: list[StepState] = field(
        default_factory=list,
        metadata=asked("Only workflows of which a step is in this state, or one of these", parameter="step_state"),
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
        default=None, metadata=asked("Only workflows with a flag: they make no progress, or need a person")
    )
    sort: WorkflowSort = field(
        default=WorkflowSort.NEWEST,
        metadata=asked("The order; a minus sign means the greatest first", is_filter=False),
    )
    limit: int = field(default=50, metadata=PAGE_SIZE)
    cursor: str | None = field(
        default=None,
        metadata=asked("Where the page begins: next_cursor of the page before", is_filter=False, max_length=2000),
    )
    with_total: bool = field(
        default=False,
        metadata=asked("Also count all that match and that the caller may see", parameter="total", is_filter=False),
    )
    readable_dag_ids: frozenset[str] | None = field(
        default=None,
        metadata=asked(
            "Narrows what the caller may see to workflows in which one of these DAGs takes part",
            parameter="readable_dag_id",
            has_option=False,
            parse=frozenset,
        ),
    )
    includes_dagless: bool = False
