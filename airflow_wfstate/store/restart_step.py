"""Which steps a person means who names one to restart from."""

from __future__ import annotations

from airflow_wfstate.exceptions import InvalidRequest, StepNotFound
from airflow_wfstate.store.step_row import StepRow


def find_named_steps(steps: list[StepRow], named: str, workflow_id: str) -> list[StepRow]:
    """The step of that name, with all its items.

    :param steps: of the workflow.
    :param named: ``participant.step``, or ``step`` where one participant alone has a step of that name.
    :raises StepNotFound: no step of that name has begun.
    :raises InvalidRequest: several participants have one.
    """
    qualified = [step for step in steps if _qualified(step) == named]
    found = qualified or [step for step in steps if step.name == named]
    candidates = sorted({_qualified(step) for step in found})
    if not candidates:
        begun = ", ".join(sorted({_qualified(step) for step in steps})) or "none"
        raise StepNotFound(
            f"Workflow {workflow_id} has no step {named[:250]!r} that has begun.", f"Those that have: {begun}."
        )
    if len(candidates) > 1:
        raise InvalidRequest(
            f"Workflow {workflow_id} has {len(candidates)} steps named {named!r}.",
            f"Name one of them with its participant: {', '.join(candidates)}.",
        )
    return found


def _qualified(step: StepRow) -> str:
    return f"{step.participant}.{step.name}"
