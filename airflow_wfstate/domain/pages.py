"""Pages of what a workflow consists of: its steps, their checkpoints, its compensations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from airflow_wfstate.domain.compensation import CompensationSummary
from airflow_wfstate.domain.journal import JournalEntry
from airflow_wfstate.domain.payload import Payload
from airflow_wfstate.domain.step import StepSummary


@dataclass(frozen=True)
class StepPage:
    """Steps, in the order of their ids, which are given when they first begin.

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
