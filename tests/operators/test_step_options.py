"""The options of a step are declared once, and everything that makes a step takes them."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import task

from airflow_wfstate import TransactionalStepOperator, TriggerWorkflowDagRunOperator, durable
from airflow_wfstate.decorators.step import step_task
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.declaration.options import StepOptions, step_options_of

OPTIONS = {field.name: field.default for field in fields(StepOptions)}
OF_OPERATORS = {"step_name" if name == "name" else name: default for name, default in OPTIONS.items()}


def undo(output, compensation): ...


@pytest.mark.parametrize(
    ("takes", "options"), [(step_task, OPTIONS), (durable, OPTIONS), (TransactionalStepOperator, OF_OPERATORS)]
)
def test_a_signature_shows_every_option_with_its_default(takes, options):
    shown = inspect.signature(takes).parameters
    assert {name: shown[name].default for name in options} == options
    assert {shown[name].kind for name in options} == {inspect.Parameter.KEYWORD_ONLY}


def test_a_field_alone_makes_an_option_a_keyword(a_dag):
    given = {
        "item_key": "{{ n }}",
        "compensate": undo,
        "compensate_when": "completed",
        "compensate_attempts": 5,
        "on_clear": "reuse",
        "pivot": True,
        "redact": ["iban"],
        "was": ["paid"],
        "wfstate_conn_id": "shop",
    }
    task.step(task_id="decorated", name="pay", **given)(lambda: None)()
    durable(operator=EmptyOperator(task_id="classic"), name="pay", **given)
    TransactionalStepOperator(task_id="transactional", sql="SELECT 1", step_name="pay", **given)

    wanted = StepOptions(name="pay", **given)
    assert {task_id: step_options_of(a_dag.get_task(task_id)) for task_id in a_dag.task_ids} == dict.fromkeys(
        ("decorated", "classic", "transactional"), wanted
    )
    assert wanted.redact == ("iban",), "what is given as a list cannot be changed afterwards"


def test_a_keyword_that_is_no_option_is_refused(a_dag):
    for declare in (
        lambda: durable(EmptyOperator(task_id="classic"), nam="pay"),
        lambda: TransactionalStepOperator(task_id="transactional", sql="SELECT 1", nam="pay"),
        lambda: TransactionalStepOperator.partial(task_id="mapped", nam="pay"),
        lambda: task.step(nam="pay")(lambda: None)(),
    ):
        with pytest.raises(TypeError, match="nam"):
            declare()


@pytest.mark.parametrize("option", ["compensate", "pivot", "irreversible", "redact"])
def test_the_trigger_of_a_run_takes_no_option_that_its_run_has_to_say(a_dag, option):
    for declare in (TriggerWorkflowDagRunOperator, TriggerWorkflowDagRunOperator.partial):
        with pytest.raises(TypeError, match=option):
            declare(task_id="trigger", trigger_dag_id="child", **{option: "x"})


def test_default_args_give_the_keywords_of_an_operator_that_is_mapped(a_dag):
    a_dag.default_args = {"on_clear": "reuse", "compensate_attempts": 7}
    mapped = TransactionalStepOperator.partial(task_id="mapped", step_name="pay").expand(sql=["SELECT 1", "SELECT 2"])
    TriggerWorkflowDagRunOperator(task_id="trigger", trigger_dag_id="child")

    assert step_options_of(mapped).name == "pay"
    unmapped = mapped.unmap({"sql": "SELECT 1"})
    assert (unmapped.step_options.on_clear, unmapped.step_options.compensate_attempts) == ("reuse", 7)
    assert a_dag.get_task("trigger").step_options.on_clear == "reuse"


def test_what_a_step_says_of_itsundo_counts_before_default_args(a_dag):
    a_dag.default_args = {"compensate": undo}
    sent, booked = task.step(irreversible="sent")(lambda: None), task.step()(lambda: None)
    sent.override(task_id="sent")()
    booked.override(task_id="booked")()
    assert step_options_of(a_dag.get_task("sent")).compensate is None
    assert step_options_of(a_dag.get_task("booked")).compensate is undo

    a_dag.default_args = {"irreversible": "sent"}
    task.step(compensate=undo)(lambda: None).override(task_id="undone")()
    assert step_options_of(a_dag.get_task("undone")).irreversible is None


def test_durable_says_what_to_pass_for_a_decorated_task(a_dag):
    @task.bash
    def hello():
        return "true"

    with pytest.raises(InvalidDag, match=r"durable\(name\(\)\.operator\)"):
        durable(hello())
    assert step_options_of(durable(hello.override(task_id="again")().operator)) is not None
