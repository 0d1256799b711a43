"""The order in which rounds are undone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen, Compensation, compensation_order

COMPENSATIONS = st.lists(
    st.builds(
        Compensation,
        step_id=st.sampled_from("abcdef"),
        round=st.integers(1, 3),
        state=st.sampled_from(CompensationState),
        when=st.sampled_from(CompensateWhen),
        ended_entry=st.integers(0, 50),
        round_state=st.sampled_from(StepState),
    ),
    unique_by=lambda item: (item.step_id, item.round),
)


@given(COMPENSATIONS)
def test_it_descends_by_journal_number_and_leaves_out_what_needs_no_undo(items: list[Compensation]) -> None:
    order = compensation_order(items)

    numbers = [item.ended_entry for item in order]
    assert numbers == sorted(numbers, reverse=True)
    for item in items:
        to_do = item.state in (CompensationState.ARMED, CompensationState.RUNNING, CompensationState.FAILED)
        acted = item.round_state in (StepState.SUCCEEDED, StepState.LOST) or (
            item.round_state is StepState.FAILED and item.when is CompensateWhen.ATTEMPTED
        )
        assert (item in order) is (to_do and acted)


@given(COMPENSATIONS, st.randoms(use_true_random=False))
def test_it_does_not_depend_on_the_order_of_reading(items: list[Compensation], random: object) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random

    assert compensation_order(shuffled) == compensation_order(items)
