"""A serialised DAG shows which steps it declares, whatever declares them."""

from __future__ import annotations

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task, task_group
from airflow.serialization.serialized_objects import DagSerialization

from airflow_wfstate import (
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    TransactionalStepOperator,
    TriggerWorkflowDagRunOperator,
    durable,
)
from airflow_wfstate.domain.rules.step_mark import StepMark
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.declaration.options import StepOptions
from airflow_wfstate.store.runs.dag_steps import DagSteps, steps_of_dag


def _undo(output: object, compensation: object) -> None: ...


def _declared(dag: DAG) -> DagSteps:
    """What the scheduler and the api-server know about the DAG."""
    dag.validate()
    return steps_of_dag(DagSerialization.from_dict(DagSerialization.to_dict(dag)))


def test_every_way_to_declare_a_step_is_told(a_dag: DAG) -> None:
    @task.step(compensate=_undo, was=["pay"])
    def charge() -> None: ...

    @task.step(name="mail", compensate="shop.mails:unsend")
    def send(to: str) -> None: ...

    @task_group
    def parcels() -> None:
        durable(BashOperator(task_id="pack", bash_command="true"), was=["pack"])

    start = StartWorkflowOperator(task_id="start", name="order", key="1")
    steps = [
        charge(),
        send.expand(to=["ann", "bob"]),
        parcels(),
        durable(BashOperator.partial(task_id="ship").expand(bash_command=["true"]), name="carry", was=["ship"]),
        TriggerWorkflowDagRunOperator(task_id="child", trigger_dag_id="other", was=["call"]),
        TriggerWorkflowDagRunOperator.partial(task_id="children", step_name="kids", was=["call_all"]).expand(
            trigger_dag_id=["other"]
        ),
        TransactionalStepOperator(task_id="book", sql="SELECT 1", step_name="booking", compensate=_undo),
        TransactionalStepOperator.partial(task_id="books").expand(sql=["SELECT 1"]),
    ]
    start >> steps

    assert _declared(a_dag).marks == {
        "charge": StepMark("charge", ("pay",), "task:charge"),
        "send": StepMark("mail", (), "shop.mails:unsend"),
        "parcels.pack": StepMark("parcels.pack", ("pack",)),
        "ship": StepMark("carry", ("ship",)),
        "child": StepMark("child", ("call",)),
        "children": StepMark("kids", ("call_all",)),
        "book": StepMark("booking", (), "task:book"),
        "books": StepMark("books"),
    }


def test_a_task_that_is_no_step_has_no_mark(a_dag: DAG) -> None:
    BashOperator(task_id="plain", bash_command="true") >> BashOperator(task_id="other", bash_command="true")
    StartWorkflowOperator(task_id="start", name="order", key="1") >> CompleteWorkflowOperator(task_id="complete")

    declared = _declared(a_dag)

    assert declared.marks == {}
    assert declared.task_ids == {"plain", "other", "start", "complete"}
    assert declared.declares("plain", "plain"), "of a task without a mark nothing else is known"


def test_what_is_mapped_over_its_name_has_a_name_for_each_item(a_dag: DAG) -> None:
    TriggerWorkflowDagRunOperator.partial(task_id="calls", trigger_dag_id="other").expand(step_name=["a", "b"])

    declared = _declared(a_dag)

    assert declared.marks == {"calls": StepMark(None)}
    assert declared.declares("a", "calls")


def test_the_mark_is_the_tasks_alone(a_dag: DAG) -> None:
    plain = BashOperator(task_id="plain", bash_command="true")
    durable(BashOperator(task_id="marked", bash_command="true"))

    assert set(_declared(a_dag).marks) == {"marked"}
    assert "wfstate_step" not in plain.template_fields_renderers
    assert "wfstate_step" not in BashOperator.template_fields_renderers


def test_parsed_twice_it_is_the_same_version(a_dag: DAG) -> None:
    @task.step(was=["b", "a"])
    def charge() -> None: ...

    charge()
    a_dag.validate()
    first = DagSerialization.to_dict(a_dag)
    a_dag.validate()

    assert DagSerialization.to_dict(a_dag) == first


@pytest.mark.parametrize("damaged", [None, 7, "", "null", "[]", "{", '{"name": 7}', '{"was": [1]}', '{"name": "a"}'])
def test_a_mark_that_is_damaged_is_none_and_no_error(damaged: object) -> None:
    found = StepMark.parse(damaged)
    assert found is None or found.name in (None, "a")


@pytest.mark.parametrize("was", ["charge", 7, [""], [7], ["a\nb"], ["x" * 251], ["a"] * 101])
def test_former_names_that_are_none_are_refused(was: object) -> None:
    with pytest.raises(InvalidDag):
        StepOptions(was=was)  # type: ignore[arg-type]  # that is what is tried


def test_a_former_name_that_another_task_declares_is_an_import_error(a_dag: DAG) -> None:
    @task.step(was=["charge"])
    def charge_card() -> None: ...

    @task.step
    def charge() -> None: ...

    charge_card() >> charge()
    with pytest.raises(InvalidDag, match=r"step charge_card .* declares the former name charge, which task charge"):
        a_dag.validate()


def test_a_former_name_of_two_steps_is_an_import_error(a_dag: DAG) -> None:
    @task.step(was=["pay"])
    def charge_card() -> None: ...

    @task.step(was=["pay"])
    def charge_account() -> None: ...

    charge_card() >> charge_account()
    with pytest.raises(InvalidDag, match="Work done under that name cannot belong to both"):
        a_dag.validate()
