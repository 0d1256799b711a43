"""The plan and the progress along it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate.domain.rules.plan import MAX_PLAN_ENTRIES, PlannedStep, check_plan, progress
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import InvalidName

SUCCEEDED, RUNNING, FAILED, SKIPPED = StepState.SUCCEEDED, StepState.RUNNING, StepState.FAILED, StepState.SKIPPED


def test_what_is_done_what_runs_and_what_remains() -> None:
    steps = [PlannedStep("intake", "reserve", SUCCEEDED), PlannedStep("intake", "charge", RUNNING)]

    where = progress(["reserve", "charge", "ship"], steps)

    assert (where.done, where.running, where.failed, where.remaining) == (["reserve"], ["charge"], [], ["ship"])


def test_a_step_that_the_plan_does_not_name_is_counted_too() -> None:
    where = progress(["reserve"], [PlannedStep("intake", "extra", FAILED)])

    assert where.failed == ["intake.extra"]
    assert where.total == 2


def test_a_qualified_entry_belongs_to_its_participant_alone() -> None:
    steps = [PlannedStep("intake", "validate", SUCCEEDED), PlannedStep("billing", "validate", RUNNING)]

    where = progress(["validate", "billing.validate"], steps)

    assert where.done == ["validate"]
    assert where.running == ["billing.validate"]


def test_a_mapped_entry_is_done_when_all_its_items_are() -> None:
    items = [PlannedStep("intake", "paint", SUCCEEDED), PlannedStep("intake", "paint", SKIPPED)]

    assert progress(["paint"], items).done == ["paint"]
    assert progress(["paint"], [*items, PlannedStep("intake", "paint", RUNNING)]).running == ["paint"]
    assert progress(["paint"], [*items, PlannedStep("intake", "paint", StepState.LOST)]).failed == ["paint"]

    assert progress(["paint"], [*items, PlannedStep("intake", "paint", StepState.COMPENSATED)]).compensated == ["paint"]


NAMES = st.sampled_from(["a", "b", "c", "p.a", "q.b"])
STEPS = st.lists(
    st.builds(PlannedStep, st.sampled_from(["p", "q"]), st.sampled_from(["a", "b", "x"]), st.sampled_from(StepState))
)


@given(plan=st.lists(NAMES, unique=True), steps=STEPS)
def test_every_entry_of_the_plan_stands_in_exactly_one_list(plan: list[str], steps: list[PlannedStep]) -> None:
    where = progress(plan, steps)

    listed = where.done + where.running + where.failed + where.compensated + where.remaining
    assert len(listed) == len(set(listed)) == where.total
    assert set(plan) <= set(listed)
    assert set(where.remaining) <= set(plan)


def test_a_plan_that_names_a_step_twice_is_refused() -> None:
    with pytest.raises(InvalidName, match="names 'a' twice"):
        check_plan(["a", "b", "a"])


def test_a_plan_of_as_many_entries_as_are_allowed_is_taken() -> None:
    plan = [f"step-{number}" for number in range(MAX_PLAN_ENTRIES)]

    assert check_plan(plan) == plan


def test_a_longer_plan_is_refused_with_its_length_and_the_limit() -> None:
    with pytest.raises(InvalidName, match="has 200000 entries; at most 1000"):
        check_plan([f"step-{number}" for number in range(200_000)])
