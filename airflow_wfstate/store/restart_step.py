"""Which steps a person means who names one to restart from."""

from __future__ import annotations

from airflow_wfstate.domain.step_name import find_called
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound
from airflow_wfstate.store.step_row import StepRow


def find_named_steps(steps: list[StepRow], named: str, workflow_id: str) -> list[StepRow]:
    """The step of that name, with all its items.

    :param steps: of the workflow.
    :param named: ``participant[place].step``; or ``participant.step``, or ``step``, where that means one step alone.
    :raises StepNotFound: no step of that name has begun.
    :raises InvalidRequest: several participants, or one at several places, have such a step.
    """
    found = find_called(steps, named, lambda step: step.called, with_item=False)
    candidates = sorted({step.called.qualified for step in found})
    if not candidates:
        begun = ", ".join(sorted({step.called.qualified for step in steps})) or "none"
        raise StepNotFound(
            f"Workflow {workflow_id} has no step {named[:250]!r} that has begun.", f"Those that have: {begun}."
        )
    if len(candidates) > 1:
        raise InvalidRequest(
            f"Workflow {workflow_id} has {len(candidates)} steps named {named!r}.",
            f"Name one of them in full: {', '.join(candidates)}.",
        )
    return found
