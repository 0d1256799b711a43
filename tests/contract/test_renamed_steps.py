"""The contract of a resume after the code renamed, removed or added steps: nothing is done twice, nothing is lost."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import BeginDecision
from airflow_wfstate.domain.messages.step_changes import StepFate
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import Conflict, InvalidRequest
from tests.support.parcel import Declared, Parcel
from tests.support.world import World

CHARGE, LABEL, MAIL = Declared("charge"), Declared("label"), Declared("mail")
CHARGE_CARD = Declared("charge_card")


@pytest.fixture
def parcel(world: World) -> Parcel:
    """A workflow: ``charge`` done, ``label`` failed, ``mail`` not reached; then ``charge`` became ``charge_card``."""
    parcel = Parcel.start(world, CHARGE, LABEL, MAIL, plan=["charge", "label", "mail"])
    parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(CHARGE_CARD, LABEL, MAIL)
    return parcel


def test_a_step_that_looks_renamed_is_asked_about_before_anything_is_done(parcel: Parcel) -> None:
    plan = parcel.plan()

    assert (plan.allowed, plan.tasks) == (False, [])
    assert plan.refusal is not None
    assert f"{parcel.dag_id}.charge is done but no longer declared" in plan.refusal.reason
    assert f"--rename {parcel.dag_id}.charge=charge_card" in plan.refusal.remedy
    assert "--new charge_card" in plan.refusal.remedy
    (undeclared,), (new,) = plan.undeclared_steps, plan.new_steps
    assert (undeclared.step, undeclared.fate) == (f"{parcel.dag_id}.charge", StepFate.UNDECIDED)
    assert (new.step, new.task_id) == (f"{parcel.dag_id}.charge_card", "charge_card")
    with pytest.raises(Conflict, match="looks like a rename"):
        parcel.resume()
    assert parcel.state() is WorkflowState.FAILED
    assert parcel.steps() == {"charge": StepState.SUCCEEDED, "label": StepState.FAILED}


@pytest.mark.parametrize("old", ["charge", "{dag_id}.charge"])
def test_a_renamed_step_is_not_done_again_and_its_undo_is_found_under_its_new_name(parcel: Parcel, old: str) -> None:
    renames = {old.format(dag_id=parcel.dag_id): "charge_card"}
    plan = parcel.plan(renames=renames)
    parcel.resume(renames=renames)

    (undeclared,) = plan.undeclared_steps
    assert (undeclared.fate, undeclared.renamed_to) == (StepFate.RENAMED, "charge_card")
    former, now = f"{parcel.dag_id}.charge", f"{parcel.dag_id}.charge_card"
    assert [step.renamed_from for step in plan.new_steps] == [former]
    assert ("charge_card", former) in [(task.task_id, task.renamed_from) for task in plan.new_tasks]
    assert (plan.steps_answering, plan.notes) == ([now], [])
    assert parcel.journal(EntryKind.STEP_RENAMED) == [
        (f"{parcel.dag_id}.charge_card", {"from": "charge", "to": "charge_card", "items": 1})
    ]
    again = parcel.begin("charge_card")
    assert (again.decision, again.output and again.output.value()) == (BeginDecision.ANSWERED, {"of": "charge"})
    assert parcel.steps() == {"charge_card": StepState.SUCCEEDED, "label": StepState.FAILED}
    assert parcel.handlers() == {"charge_card": "task:charge_card", "label": "task:label"}
    progress = parcel.world.backend.get_workflow(parcel.workflow_id).progress
    assert (progress.done, progress.remaining) == (["charge_card"], ["mail"]), "the plan names it as the code does"


def test_a_step_that_is_other_work_runs_and_the_one_that_was_removed_stays(parcel: Parcel) -> None:
    plan = parcel.plan(new_steps=["charge_card"])
    parcel.resume(new_steps=["charge_card"])

    (undeclared,) = plan.undeclared_steps
    assert undeclared.fate is StepFate.STAYS
    assert any(f"Step {parcel.dag_id}.charge could no longer be undone" in note for note in plan.notes)
    assert {task.renamed_from for task in plan.new_tasks} == {None}
    assert parcel.begin("charge_card").decision is BeginDecision.RUN
    assert parcel.steps()["charge"] is StepState.SUCCEEDED


def test_what_was_not_done_and_is_removed_is_closed_as_skipped_with_the_reason(world: World) -> None:
    parcel = Parcel.start(world, CHARGE, LABEL, MAIL)
    parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(CHARGE, MAIL)

    plan = parcel.plan()
    parcel.resume()

    assert [(step.step, step.fate) for step in plan.undeclared_steps] == [(f"{parcel.dag_id}.label", StepFate.CLOSED)]
    assert parcel.steps() == {"charge": StepState.SUCCEEDED, "label": StepState.SKIPPED}
    ((step, data),) = parcel.journal(EntryKind.STEP_SKIPPED)
    assert (step, data["was"]) == (f"{parcel.dag_id}.label", "failed")
    assert data["reason"] == f"Task label was removed from DAG {parcel.dag_id}."
    assert parcel.world.backend.get_workflow(parcel.workflow_id).progress.failed == []


def test_the_undo_of_a_removed_step_that_may_have_acted_stays(world: World) -> None:
    parcel = Parcel.start(world, CHARGE, LABEL)
    parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(CHARGE)
    parcel.resume()
    parcel.world.rows.set_run_state(parcel.dag_id, parcel.run_id, "failed")

    undone = parcel.world.backend.plan_compensate(parcel.workflow_id).undone

    assert [item.step for item in undone] == [f"{parcel.dag_id}.label", f"{parcel.dag_id}.charge"]


def test_a_failed_step_may_be_renamed_too_and_goes_on_with_its_next_attempt(world: World) -> None:
    parcel = Parcel.start(world, CHARGE, LABEL)
    parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(CHARGE, Declared("print_label"))

    parcel.resume(renames={"label": "print_label"})

    begun = parcel.begin("print_label")
    assert (begun.decision, begun.attempt, begun.round) == (BeginDecision.RUN, 2, 1)
    assert parcel.handlers()["print_label"] == "task:print_label"


def test_all_items_of_a_mapped_step_are_renamed_at_once(world: World) -> None:
    parcel = Parcel.start(world, CHARGE, LABEL)
    for item in ("ann", "bob"):
        parcel.do("charge", item=item)
    parcel.fail("label")
    parcel.change_code(CHARGE_CARD, LABEL)

    (undeclared,) = parcel.plan().undeclared_steps
    parcel.resume(renames={"charge": "charge_card"})

    assert undeclared.items == 2
    assert set(parcel.steps()) == {"charge_card[ann]", "charge_card[bob]", "label"}
    assert parcel.begin("charge_card", item="bob").decision is BeginDecision.ANSWERED
    assert parcel.begin("charge_card", item="cyd").decision is BeginDecision.RUN


def test_a_task_that_was_moved_into_a_group_has_another_name(world: World) -> None:
    parcel = Parcel.start(world, CHARGE, LABEL)
    parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(Declared("charge", group="money"), LABEL)

    assert parcel.plan().refusal is not None
    parcel.resume(renames={"charge": "money.charge"})

    assert parcel.begin("money.charge").decision is BeginDecision.ANSWERED


def test_a_step_whose_name_was_changed_and_whose_task_was_not_is_asked_about(world: World) -> None:
    parcel = Parcel.start(world, Declared("charge", name="pay"), LABEL)
    parcel.do("charge", name="pay")
    parcel.fail("label")
    parcel.change_code(Declared("charge", name="pay_by_card"), LABEL)

    assert [step.step for step in parcel.plan().undeclared_steps] == [f"{parcel.dag_id}.pay"]
    parcel.resume(renames={"pay": "pay_by_card"})

    assert parcel.steps() == {"pay_by_card": StepState.SUCCEEDED, "label": StepState.FAILED}
    assert parcel.handlers()["pay_by_card"] == "task:charge"


def test_a_task_that_was_renamed_and_whose_step_was_not_is_the_same_step(world: World) -> None:
    parcel = Parcel.start(world, Declared("charge", name="pay"), LABEL)
    parcel.do("charge", name="pay")
    parcel.fail("label")
    parcel.change_code(Declared("charge_card", name="pay"), LABEL)

    plan = parcel.plan()

    assert (plan.allowed, plan.undeclared_steps, plan.new_steps) == (True, [], [])


def test_on_a_bundle_with_versions_the_code_that_is_used_decides(world: World) -> None:
    parcel = Parcel.start(world, CHARGE, LABEL, versioned=True)
    parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(CHARGE_CARD, LABEL, versioned=True)

    assert parcel.plan(code=Code.SAME).allowed
    assert parcel.plan(code=Code.LATEST).refusal is not None
    parcel.resume(code=Code.LATEST, renames={"charge": "charge_card"})

    assert parcel.steps() == {"charge_card": StepState.SUCCEEDED, "label": StepState.FAILED}
    assert parcel.world.rows.find_task(parcel.dag_id, parcel.run_id, "charge_card") is not None, "it is to answer"


def test_a_removed_step_without_a_new_one_beside_it_is_no_question(world: World) -> None:
    parcel = Parcel.start(world, CHARGE, LABEL, MAIL)
    parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(LABEL, MAIL)

    plan = parcel.plan()

    assert plan.allowed
    assert [step.fate for step in plan.undeclared_steps] == [StepFate.STAYS]


def test_a_step_that_was_not_reached_is_not_new(parcel: Parcel) -> None:
    assert [step.step for step in parcel.plan().new_steps] == [f"{parcel.dag_id}.charge_card"]


def test_a_restart_asks_too(parcel: Parcel) -> None:
    with pytest.raises(Conflict, match="looks like a rename"):
        parcel.resume(from_step="label")
    parcel.resume(from_step="label", renames={"charge": "charge_card"})
    assert parcel.steps()["charge_card"] is StepState.SUCCEEDED


@pytest.mark.parametrize(
    "wish",
    [
        {"renames": {"nothing": "charge_card"}},
        {"renames": {"label": "charge_card"}},
        {"renames": {"charge": "nothing"}},
        {"renames": {"charge": "label"}},
        {"renames": {"charge": "mail"}},
        {"new_steps": ["mail"]},
        {"new_steps": ["nothing"]},
        {"renames": {"' OR 1=1 --": "\u202e"}},
    ],
)
def test_what_names_no_such_step_is_refused_and_changes_nothing(parcel: Parcel, wish: dict[str, object]) -> None:
    before = parcel.world.journal(parcel.workflow_id)
    with pytest.raises(InvalidRequest):
        parcel.resume(**wish)
    assert parcel.world.journal(parcel.workflow_id) == before
    assert parcel.state() is WorkflowState.FAILED


def test_a_step_that_says_what_it_was_is_renamed_by_its_begin_and_nobody_is_asked(world: World) -> None:
    parcel = Parcel.start(world, CHARGE, LABEL)
    parcel.do("charge")
    parcel.fail("label")
    parcel.change_code(Declared("charge_card", was=["charge"]), LABEL)

    plan = parcel.plan()
    parcel.resume()
    again = parcel.begin("charge_card", was=["charge"])

    assert (plan.allowed, plan.undeclared_steps, plan.new_steps) == (True, [], [])
    assert plan.steps_answering == [f"{parcel.dag_id}.charge_card"]
    assert f"{parcel.dag_id}.charge" in [task.renamed_from for task in plan.new_tasks]
    assert again.decision is BeginDecision.ANSWERED
    assert parcel.steps() == {"charge_card": StepState.SUCCEEDED, "label": StepState.FAILED}
    assert parcel.handlers()["charge_card"] == "task:charge_card"
    assert [step for step, _ in parcel.journal(EntryKind.STEP_RENAMED)] == [f"{parcel.dag_id}.charge_card"]


def test_a_step_that_says_what_it_was_is_an_ordinary_one_where_it_never_began_so(world: World) -> None:
    parcel = Parcel.start(world, Declared("charge_card", was=["charge"]))

    begun = parcel.begin("charge_card", was=["charge"])

    assert (begun.decision, begun.attempt) == (BeginDecision.RUN, 1)
    assert parcel.journal(EntryKind.STEP_RENAMED) == []
