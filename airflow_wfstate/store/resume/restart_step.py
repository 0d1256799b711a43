"""Find the steps that a restart names."""

from __future__ import annotations

from airflow_wfstate.domain.rules.step_name import distinct, find_with_item
from airflow_wfstate.domain.rules.text.counted import listed
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound
from airflow_wfstate.store.steps.row import StepRow


def find_named_steps(steps: list[StepRow], named: str, workflow_id: str) -> list[StepRow]:
    """Find the step with this name, with all its items.

    :param steps: all steps of the workflow.
    :param named: ``participant[place].step``; or ``participant.step`` or just ``step`` if that is unambiguous; or the
        id of the step or of one of its items.
    :raises StepNotFound: no step with this name has begun.
    :raises InvalidRequest: several participants, or one participant at several places, have such a step; or the name is
        that of an item.
    """
    of_id = {_identity(step) for step in steps if step.id == named}
    if of_id:
        return [step for step in steps if _identity(step) in of_id]
    found, item_key = find_with_item(steps, named, lambda step: step.called)
    if item_key is not None:
        found = [step for step in found if step.item_key]  # a step that is not mapped has no items
    candidates = {_identity(step): step for step in found}
    if not candidates:
        begun = listed(sorted({step.called.qualified for step in steps}))
        raise StepNotFound(
            f"Workflow {workflow_id} has no step {named[:250]!r} that has begun.", f"Steps that have begun: {begun}."
        )
    names = distinct(sorted((step.called.qualified, step.id) for step in candidates.values()))
    if item_key is not None:
        raise InvalidRequest(
            f"{named[:250]!r} names an item, and a restart takes a mapped step with all its items.",
            f"Give the name of the step instead: {names}.",
        )
    if len(candidates) > 1:
        raise InvalidRequest(
            f"Workflow {workflow_id} has {len(candidates)} steps named {named!r}.",
            f"Specify one of them in full: {names}.",
        )
    return found


def _identity(step: StepRow) -> tuple[str, str, str]:
    return step.participant, step.place_id, step.name
