"""What the tasks of the stories do: the same calls that the operators would make.

Each task runs in a separate process. Its calls go through a real backend; its effects go to the receiver.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnDecision,
)
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, BegunStep
from airflow_wfstate.domain.messages.wait import RegisterWait, WaitTarget
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.waiting import WaitKind, WaitOutcome
from airflow_wfstate.operators.step import Step
from airflow_wfstate.operators.steps.attempt import Attempt
from tests.crash_grid.receiver import Receiver

OWNER: Final = "intake"
CHILD: Final = "fulfilment"
_SECOND_CALL: Final = "-again"
"""The suffix of the id of a child DAG's second run."""
HELD: Final = "held_intake"
"""A DAG that Airflow knows, which allows its tasks to be cleared."""
WATCHER: Final = "watcher"
"""A DAG that does not take part, and waits for the workflow."""
RELAY: Final = "compensate"
NAME: Final = "crash_grid"


@dataclass(frozen=True)
class Hands:
    """What a task can use.

    :param key: the workflow's key; also the run id of its DAGs, and the story's name at the receiver.
    :param sweep: runs one sweep, through the cell's backend.
    :param use_token: uses a token with an answer as an outsider does, through the cell's backend.
    :param deliver: makes one pass that delivers webhooks, through the cell's backend.
    """

    backend: StateBackend
    receiver: Receiver
    key: str
    task_instance_id: str
    sweep: Callable[[], object]
    use_token: Callable[[str, str], object]
    deliver: Callable[[], object]


Play = Callable[[Hands], str]
"""What a task does; it returns the state that Airflow gives the task."""


@dataclass(frozen=True)
class Task:
    """A task of a story.

    :param begins_run: whether the run of its DAG begins with it.
    :param ends_run: the state of the run after the task; None if the run continues.
    :param is_person: whether it is a person's command or the sweep, instead of an Airflow task.
    :param is_second_call: whether it belongs to the second run of its DAG.
    """

    dag_id: str
    task_id: str
    play: Play
    begins_run: bool = False
    ends_run: str | None = None
    is_person: bool = False
    is_second_call: bool = False

    def run_id(self, key: str) -> str:
        """The id of the task's run, in a workflow with this key."""
        return f"{key}{_SECOND_CALL}" if self.is_second_call else key


def start(hands: Hands) -> str:
    """Start the workflow."""
    return _start(hands, FailurePolicy.COMPENSATE)


def start_held(hands: Hands) -> str:
    """Start a workflow that goes on hold when it has failed."""
    return _start(hands, FailurePolicy.HOLD)


def start_as(hands: Hands, name: str) -> str:
    """Start a workflow with another name, whose definition says the rest."""
    hands.backend.start_workflow(
        StartWorkflow(
            task_instance_id=hands.task_instance_id,
            name=name,
            key=hands.key,
            input=Payload.of({"order": hands.key}, sort_keys=True),
            labels={"story": hands.key},
            idempotency_key=f"{hands.task_instance_id}-start",
        )
    )
    return "success"


def _start(hands: Hands, on_failure: FailurePolicy) -> str:
    hands.backend.start_workflow(
        StartWorkflow(
            task_instance_id=hands.task_instance_id,
            name=NAME,
            key=hands.key,
            input=Payload.of({"order": hands.key}, sort_keys=True),
            plan=["charge", "fulfil", "pack", "ship"],
            on_failure=on_failure,
            labels={"story": hands.key},
            idempotency_key=f"{hands.task_instance_id}-start",
        )
    )
    return "success"


def charge(hands: Hands) -> str:
    """A step with a small durable call and a checkpoint."""
    attempt, begun = _begin(hands, "charge")
    if attempt is None:
        return "success"
    step = Step(attempt)
    key = f"{begun.idempotency_key}-quote"
    quote = step.once("quote", lambda: hands.receiver.call(hands.key, "quote", key))
    step.checkpoint("half", 50)
    receipt = hands.receiver.call(hands.key, "charge", begun.idempotency_key)
    attempt.end(StepState.SUCCEEDED, output=encode({"quote": quote, "receipt": receipt}))
    return "success"


def fulfil(hands: Hands) -> str:
    """Link a child run, and wait for it."""
    return _call(hands, "fulfil", hands.key)


def fulfil_again(hands: Hands) -> str:
    """Link another run of the same DAG, at another place, and wait for it."""
    return _call(hands, "fulfil_again", f"{hands.key}{_SECOND_CALL}")


def fulfilled(hands: Hands) -> str:
    """Continue after the child has ended well."""
    return _called(hands, "fulfil")


def fulfilled_again(hands: Hands) -> str:
    """Continue after the child has ended well the second time."""
    return _called(hands, "fulfil_again")


def not_fulfilled(hands: Hands) -> str:
    """Continue after the child has failed."""
    attempt, _ = _begin(hands, "fulfil", undo=False)
    if attempt is not None:
        attempt.end(StepState.FAILED, error="the child run failed")
    return "failed"


def pack(hands: Hands) -> str:
    """A step of the child."""
    return _do(hands, "pack")


def ship(hands: Hands) -> str:
    """Another step of the child."""
    return _do(hands, "ship")


def fail_to_ship(hands: Hands) -> str:
    """The other step of the child, which fails with no retry left."""
    attempt, _ = _begin(hands, "ship")
    if attempt is not None:
        attempt.end(StepState.FAILED, error="no truck")
    return "failed"


def die_while_shipping(hands: Hands) -> str:
    """A step that begins, in its last try, and never reports again."""
    _begin(hands, "ship")
    return "failed"


def complete(hands: Hands) -> str:
    """End the workflow as succeeded."""
    hands.backend.complete_workflow(
        CompleteWorkflow(hands.task_instance_id, encode("done"), idempotency_key=f"{hands.task_instance_id}-complete")
    )
    return "success"


def cancel(hands: Hands) -> str:
    """An operator cancels the workflow with compensation."""
    found = hands.backend.list_workflows(WorkflowQuery(name=NAME, key=hands.key)).workflows
    hands.backend.cancel_workflow(CancelWorkflow(found[0].id, compensate=True, idempotency_key=f"{hands.key}-cancel"))
    return "success"


def resume(hands: Hands) -> str:
    """An operator resumes the workflow."""
    found = hands.backend.list_workflows(WorkflowQuery(name=NAME, key=hands.key)).workflows
    hands.backend.resume_workflow(ResumeWorkflow(found[0].id, idempotency_key=f"{hands.key}-resume"))
    return "success"


def compensate(hands: Hands) -> str:
    """An operator compensates the workflow."""
    found = hands.backend.list_workflows(WorkflowQuery(name=NAME, key=hands.key)).workflows
    hands.backend.compensate_workflow(CompensateWorkflow(found[0].id, idempotency_key=f"{hands.key}-compensate"))
    return "success"


def try_again(hands: Hands) -> str:
    """An operator has the relay retry the undo that failed."""
    found = hands.backend.list_workflows(WorkflowQuery(name=NAME, key=hands.key)).workflows
    wish = DecideCompensation(
        found[0].id, "ship", Decision.RETRY, "the truck is back", idempotency_key=f"{hands.key}-try"
    )
    hands.backend.decide_compensation(wish)
    return "success"


def sweep(hands: Hands) -> str:
    """Run one sweep."""
    hands.sweep()
    return "success"


def ask(hands: Hands) -> str:
    """A step that asks an outside partner, and waits until its token is used."""
    attempt, begun = _begin(hands, "ask", undo=False)
    if attempt is None:
        return "success"
    _wait_for_answer(attempt, hands)
    hands.receiver.call(hands.key, "ask", begun.idempotency_key)
    attempt.end(StepState.WAITING)
    return "deferred"


def answer(hands: Hands) -> str:
    """The partner answers."""
    hands.use_token(_token_of(hands), "yes")
    return "success"


def answered(hands: Hands) -> str:
    """Continue with the answer, which is the step's output."""
    attempt, _ = _begin(hands, "ask", undo=False)
    if attempt is not None:
        said = _wait_for_answer(attempt, hands)
        if said != "yes":
            raise AssertionError(f"the partner's answer is {said!r}")
        attempt.end(StepState.SUCCEEDED, output=encode(said))
    return "success"


def watch(hands: Hands) -> str:
    """A task of another workflow that waits for this one, which has succeeded."""
    target = WaitTarget(WaitKind.WORKFLOW, NAME, hands.key, ["succeeded"])
    wait = hands.backend.register_wait(RegisterWait(hands.task_instance_id, target, 60.0))
    if wait.outcome is not WaitOutcome.ARRIVED:
        raise AssertionError(f"the wait is {wait}")
    return "success"


def pack_again(hands: Hands) -> str:
    """The step of the child in its second run; its effect is a different one."""
    return _do(hands, "pack", effect="pack again")


def relay_of_owner(hands: Hands) -> str:
    """The owner's relay."""
    return _relay(hands, ["fulfil", "ship", "complete"])


def relay_of_child(hands: Hands) -> str:
    """The child's relay."""
    return _relay(hands, ["ship"])


def broken_relay(hands: Hands) -> str:
    """The owner's relay, whose undos all fail until the workflow is on hold."""
    for _ in range(10):
        answer = hands.backend.take_turn(TakeTurn(hands.task_instance_id, ["ship"]))
        if answer.decision is not TurnDecision.COMPENSATE or answer.work is None:
            return "failed"
        key = answer.work.compensation_key
        hands.backend.end_compensation(EndCompensation(key, succeeded=False, error="the truck has gone"))
    raise AssertionError("the relay found no end")


def _wait_for_answer(attempt: Attempt, hands: Hands) -> object:
    """The partner's answer; None while there is none."""
    sha256 = hashlib.sha256(_token_of(hands).encode()).hexdigest()
    wait = attempt.create_token("callback", sha256, timedelta(hours=1))
    return None if wait.output is None else decode(wait.output)


def _token_of(hands: Hands) -> str:
    """The token of a story: the same in each process, which is safe, as only the grid knows it."""
    return base64.urlsafe_b64encode(hashlib.sha256(hands.key.encode()).digest()).decode().rstrip("=")


def _call(hands: Hands, name: str, run_id: str) -> str:
    attempt, _ = _begin(hands, name, undo=False)
    if attempt is None:
        return "success"
    attempt.link_child_run(CHILD, run_id)
    attempt.end(StepState.WAITING)
    return "deferred"


def _called(hands: Hands, name: str) -> str:
    attempt, _ = _begin(hands, name, undo=False)
    if attempt is not None:
        attempt.end(StepState.SUCCEEDED, output=encode("fulfilled"))
    return "success"


def _do(hands: Hands, name: str, effect: str | None = None) -> str:
    attempt, begun = _begin(hands, name)
    if attempt is not None:
        receipt = hands.receiver.call(hands.key, effect or name, begun.idempotency_key)
        attempt.end(StepState.SUCCEEDED, output=encode({"receipt": receipt}))
    return "success"


def _begin(hands: Hands, name: str, *, undo: bool = True) -> tuple[Attempt | None, BegunStep]:
    """The attempt to work with; None if the store returned the stored output."""
    request = BeginStep(
        task_instance_id=hands.task_instance_id,
        name=name,
        compensation=CompensationDeclaration(f"task:{name}") if undo else None,
        relay_task_id=RELAY,
    )
    begun = hands.backend.begin_step(request)
    if begun.decision is BeginDecision.RUN:
        return Attempt(hands.backend, begun), begun
    if begun.decision is not BeginDecision.ANSWERED:
        raise AssertionError(f"the begin of {name} was answered with {begun.decision.value}: {begun.holder}")
    return None, begun


def _relay(hands: Hands, leaf_task_ids: list[str]) -> str:
    for _ in range(10):
        answer = hands.backend.take_turn(TakeTurn(hands.task_instance_id, leaf_task_ids))
        if answer.decision is not TurnDecision.COMPENSATE or answer.work is None:
            return "success"
        hands.receiver.call(hands.key, f"undo {answer.work.step_name}", answer.work.idempotency_key)
        hands.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
    raise AssertionError("the relay found no end")
