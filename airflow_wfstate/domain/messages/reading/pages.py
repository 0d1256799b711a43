"""Pages of the parts of a workflow: its steps, their checkpoints, and its compensations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.asked import MAX_NUMBER, PAGE_SIZE, asked
from airflow_wfstate.domain.messages.compensation import CompensationSummary
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.reading.journal import JournalEntry
from airflow_wfstate.domain.messages.step import StepSummary
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState, StepState


@dataclass(frozen=True)
class StepFilter:
    """Which steps of a workflow to list. Each field is described in its metadata.

    What is None, and an empty list, does not filter.

    :param parent_step_id: :data:`NO_PARENT_STEP` for steps of a run that no step triggered.
    """

    participant: str | None = field(default=None, metadata=asked("Only steps of this DAG"))
    name: str | None = field(default=None, metadata=asked("Only steps with this name, including all their items"))
    parent_step_id: str | None = field(
        default=None,
        metadata=asked("Only steps of a run that this step, by id, triggered; the nil UUID for other runs"),
    )
    is_mapped: bool | None = field(
        default=None, metadata=asked("true for only items of mapped steps, false for only steps that are not mapped")
    )
    states: list[StepState] = field(
        default_factory=list, metadata=asked("Only steps in one of these states", parameter="state")
    )
    run_id: str | None = field(default=None, metadata=asked("Only steps with an attempt by this run"))
    task_id: str | None = field(default=None, metadata=asked("Only steps with an attempt by this task"))
    map_index: int | None = field(
        default=None, metadata=asked("The map index of that task", at_least=-1, at_most=2**31 - 1)
    )
    item_key: str | None = field(default=None, metadata=asked("Only items of mapped steps with this key"))


@dataclass(frozen=True)
class StepPage:
    """Steps, ordered by participant, place, name and item key, which identify them.

    :param next_after: ``after`` for the next page; None if there are no more.
    """

    steps: list[StepSummary]
    next_after: str | None


@dataclass(frozen=True)
class Checkpoint:
    """What an attempt saved inside a round.

    :param value: its value; None if the reader may not see payloads of the step's DAG.
    :param attempt: number of the attempt that saved it last.
    """

    round: int
    name: str
    value: Payload | None
    attempt: int
    saved_at: datetime


@dataclass(frozen=True)
class CheckpointPage:
    """Checkpoints of one step, by round and name; fewer than requested if their values take more than 4 MiB.

    :param next_after: ``after`` for the next page (``round:name``); None if there are no more.
    """

    checkpoints: list[Checkpoint]
    next_after: str | None


@dataclass(frozen=True)
class CompensationFilter:
    """Which compensations of a workflow to list. None or an empty list does not filter."""

    states: list[CompensationState] = field(
        default_factory=list, metadata=asked("Only compensations in one of these states", parameter="state")
    )
    dag_id: str | None = field(default=None, metadata=asked("Only compensations that relays of this DAG run"))
    run_id: str | None = field(default=None, metadata=asked("Only compensations that the relay of this run runs"))


@dataclass(frozen=True)
class StepCompensation:
    """The compensation of a round of a step, with the decisions about it.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param last_entry: number of the round's last journal entry; the highest number is undone first.
    :param dag_id: with ``run_id``, the run whose relay runs it. Both are empty for a step of a service, which gets a
        request instead.
    :param decisions: operators' decisions about any round of the step, as journal entries.
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
    """Compensations of a workflow, in the order in which they run.

    :param next_before: ``before`` for the next page; None if there are no more.
    """

    compensations: list[StepCompensation]
    next_before: int | None


@dataclass(frozen=True)
class ListSteps:
    """The request for a page of the steps of a workflow."""

    workflow_id: str
    wanted: StepFilter = field(default_factory=StepFilter)
    after: str | None = field(
        default=None, metadata=asked("Where the page begins: next_after of the previous page", is_filter=False)
    )
    limit: int = field(default=200, metadata=PAGE_SIZE)


@dataclass(frozen=True)
class GetStep:
    """The request for one step of a workflow."""

    workflow_id: str
    step_id: str


@dataclass(frozen=True)
class ListCheckpoints:
    """The request for a page of the checkpoints of a step."""

    workflow_id: str
    step_id: str
    after: str | None = field(
        default=None, metadata=asked("Where the page begins: next_after of the previous page", is_filter=False)
    )
    limit: int = field(default=200, metadata=PAGE_SIZE)


@dataclass(frozen=True)
class ListCompensations:
    """The request for a page of the compensations of a workflow."""

    workflow_id: str
    wanted: CompensationFilter = field(default_factory=CompensationFilter)
    before: int | None = field(
        default=None,
        metadata=asked(
            "Where the page begins: next_before of the previous page", is_filter=False, at_least=1, at_most=MAX_NUMBER
        ),
    )
    limit: int = field(default=200, metadata=PAGE_SIZE)


LIST_STEPS: Final = Operation(
    name="list_steps",
    method="GET",
    path="/workflows/{workflow_id}/steps",
    request=ListSteps,
    answer=StepPage,
    says="""List steps after the one with the id ``after``, by participant, place, name and item key.

    Outputs of DAGs that the caller may not read are left out.
    """,
    who=Who.READER,
    tag="steps",
    has_tag=True,
)

GET_STEP: Final = Operation(
    name="get_step",
    method="GET",
    path="/workflows/{workflow_id}/steps/{step_id}",
    request=GetStep,
    answer=StepSummary,
    says="Get one step with its attempts, checkpoints, compensations and output.",
    who=Who.READER,
    tag="steps",
    has_tag=True,
)

LIST_CHECKPOINTS: Final = Operation(
    name="list_checkpoints",
    method="GET",
    path="/workflows/{workflow_id}/steps/{step_id}/checkpoints",
    request=ListCheckpoints,
    answer=CheckpointPage,
    says="List checkpoints after ``after`` (round:name), by round and name, with their values.",
    who=Who.READER,
    tag="steps",
    has_tag=True,
)

LIST_COMPENSATIONS: Final = Operation(
    name="list_compensations",
    method="GET",
    path="/workflows/{workflow_id}/compensations",
    request=ListCompensations,
    answer=CompensationPage,
    says="List compensations in the order in which they run, with the decisions of operators.",
    who=Who.READER,
    tag="steps",
    has_tag=True,
)
