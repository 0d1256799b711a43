"""Pages of what a workflow consists of: its steps, their checkpoints, its compensations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from airflow_wfstate.domain.messages.compensation import CompensationSummary
from airflow_wfstate.domain.messages.journal import JournalEntry
from airflow_wfstate.domain.messages.step import StepSummary
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState, StepState


@dataclass(frozen=True)
class StepFilter:
    """Which steps of a workflow a page shall hold. What is None, and an empty list, does not filter.

    :param participant: the DAG that does it.
    :param name: of the step, with all its items.
    :param parent_step_id: of the step that triggered the participant's run; :data:`NO_PARENT_STEP` for none.
    :param is_mapped: True: only items of mapped steps; False: only steps that are not mapped.
    :param states: one of them.
    :param run_id: of the participant's run that made an attempt of it.
    :param task_id: of the task that made an attempt of it.
    :param map_index: of that task.
    """

    participant: str | None = None
    name: str | None = None
    parent_step_id: str | None = None
    is_mapped: bool | None = None
    states: list[StepState] = field(default_factory=list)
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None


@dataclass(frozen=True)
class StepPage:
    """Steps by participant, place, name and item key: what tells them apart, and by which they are found.

    :param next_after: what to ask for next as ``after``; None when this is the end.
    """

    steps: list[StepSummary]
    next_after: str | None


@dataclass(frozen=True)
class Checkpoint:
    """What an attempt saved inside a round.

    :param value: None when the reader may not see the payloads of the step's DAG.
    :param attempt: that saved it last.
    """

    round: int
    name: str
    value: Payload | None
    attempt: int
    saved_at: datetime


@dataclass(frozen=True)
class CheckpointPage:
    """Checkpoints of one step, by round and name.

    :param next_after: what to ask for next as ``after``: ``round:name``; None when this is the end.
    """

    checkpoints: list[Checkpoint]
    next_after: str | None


@dataclass(frozen=True)
class CompensationFilter:
    """Which compensations of a workflow a page shall hold. What is None, and an empty list, does not filter.

    :param states: one of them.
    :param dag_id: of the run whose relay runs it.
    :param run_id: of that run.
    """

    states: list[CompensationState] = field(default_factory=list)
    dag_id: str | None = None
    run_id: str | None = None


@dataclass(frozen=True)
class StepCompensation:
    """The compensation of a round of a step, and what people decided about it.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param last_entry: number of the round's last journal entry: what has the greatest is undone first.
    :param dag_id: with ``run_id``: the run whose relay runs it.
    :param decisions: of people, about any round of the step, as the journal tells them.
    """

    step_id: str
    step: str
    last_entry: int
    dag_id: str
    run_id: str
    compensation: CompensationSummary
    decisions: list[JournalEntry]


@dataclass(frozen=True)
class CompensationPage:
    """Compensations of a workflow, in the order in which they are undone.

    :param next_before: what to ask for next as ``before``; None when this is the end.
    """

    compensations: list[StepCompensation]
    next_before: int | None
