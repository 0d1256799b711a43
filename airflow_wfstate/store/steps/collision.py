"""Collisions: two tasks of a run, or two items of a mapped task, that would be the same step."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.exceptions import StepCollision
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.steps.row import StepRow
from airflow_wfstate.store.workflows.caller import Caller, task_actor

_attempt = schema.attempt


def check_other_task(connection: Connection, caller: Caller, request: BeginStep, step: StepRow) -> None:
    """Check that no other task of the caller's run has attempted the step.

    If the request says that only the caller's task declares the step, another task is taken as its former name.

    :raises StepCollision: another task has attempted it.
    """
    if request.sole_task:
        return
    other = connection.execute(
        select(_attempt.c.task_id)
        .where(
            _attempt.c.step_id == step.id,
            _attempt.c.dag_id == caller.dag_id,
            _attempt.c.run_id == caller.run_id,
            _attempt.c.task_id != caller.task_id,
        )
        .order_by(_attempt.c.number.desc())
        .limit(1)
    ).scalar_one_or_none()
    if other is None:
        return
    raise StepCollision(
        f"Tasks {other} and {caller.task_id} of run {caller.run_id} of DAG {caller.dag_id} both do step {step.label}; "
        f"{other} began it, and {caller.task_id} does not do it again.",
        "Give each task its own step with name=, or tell their items apart with item_key=.",
    )


def check_other_item(caller: Caller, request: BeginStep, step: StepRow, *, is_new_round: bool) -> None:
    """Check that the step does not belong to another item of the caller's mapped task.

    An item may have moved since its step was last attempted because the list was expanded again. Then the task instance
    that did the step is gone, and the arguments are the same. A new round accepts any arguments.

    :raises StepCollision: the other item still exists, or it had other arguments.
    """
    same_task = (step.dag_id, step.run_id, step.task_id) == (caller.dag_id, caller.run_id, caller.task_id)
    if not same_task or step.map_index == caller.map_index:
        return
    known = (step.arguments_sha256, request.arguments_sha256)
    differ = None not in known and known[0] != known[1]
    if step.holder_exists:
        how = "with other arguments" if differ else "with the same arguments" if None not in known else ""
    elif differ and not is_new_round:
        how = "with other arguments, before the list was expanded again"
    else:
        return
    items = [
        task_actor(caller.dag_id, caller.run_id, caller.task_id, index).removeprefix("task:")
        for index in (step.map_index, caller.map_index)
    ]
    raise StepCollision(
        f"Items {items[0]} and {items[1]} both do step {step.label}: they have the same item key. The first one began "
        f"it {how}".rstrip()
        + ", and the second does not do it again.",
        "Make item_key return a different key for each item, such as its id; equal items need a key that tells them "
        "apart, or must not be listed twice.",
    )
