"""Find the steps that a restart names."""

from __future__ import annotations

from airflow_wfstate.domain.rules.step_name import distinct, find_called
from airflow_wfstate.domain.rules.text.counted import listed
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound
from airflow_wfstate.store.steps.row import StepRow


def find_named_steps(steps: list[StepRow], named: str, workflow_id: str) -> list[StepRow]:
    """Find the step with this name, with all its items.

    :param steps: all steps of the workflow.
    :param named: ``participant[place].step``; or ``participant.step`` or just ``step`` if that is unambiguous; or the
        id of the step or of one of its items.
    :raises StepNotFound: no step with this name has begun.
    :raises InvalidRequest: several participants, or one participant at several places, have such a step.
    """
    of_id = {_identity(step) for step in steps if step.id == named}
    if of_id:
        return [step for step in steps if _identity(step) in of_id]
    found = find_called(steps, named, lambda step: step.called, with_item=False)
    candidates = {_identity(step): step for step in found}
    if not candidates:
        begun = listed(sorted({step.called.qualified for step in steps}))
        raise StepNotFound(
            f"Workflow {workflow_id} has no step {named[:250]!r} that has begun.", f"Steps that have begun: {begun}."
        )
    if len(candidates) > 1:
        names = distinct(sorted((step.called.qualified, step.id) for step in candidates.values()))
        raise InvalidRequest(
            f"Workflow {workflow_id} has {len(candidates)} steps named {named!r}.",
            f"Specify one of them in full: {names}.",
        )
    return found


def _identity(step: StepRow) -> tuple[str, str, str]:
    return step.participant, step.place_id, step.name
