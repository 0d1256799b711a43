"""default_args apply to the options of steps, as to any argument of an operator."""

from __future__ import annotations

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup, task

from airflow_wfstate import TransactionalStepOperator, durable
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.declaration.options import step_options_of


def pay(amount=1):
    return {"iban": "DE02"}


def undo(output, compensation):
    """Does nothing."""


@pytest.fixture
def dag():
    default_args = {"redact": ["iban"], "wfstate_conn_id": "shop", "compensate_attempts": 7, "name": "all of them"}
    with DAG("defaults", schedule=None, default_args=default_args) as dag:
        task.step(task_id="plain")(pay)()
        task.step(task_id="own", redact=["card"], compensate=undo)(pay)()
        task.step(task_id="mapped")(pay).expand(amount=[1, 2])
        durable(EmptyOperator(task_id="classic"))
        TransactionalStepOperator(task_id="transactional", python_callable=pay)
        with TaskGroup("group", default_args={"wfstate_conn_id": "group"}):
            task.step(task_id="inside")(pay)()
    return dag


@pytest.mark.parametrize("task_id", ["plain", "mapped", "classic", "transactional"])
def test_what_a_step_leaves_open_follows_them(dag, task_id):
    options = step_options_of(dag.get_task(task_id))

    assert (options.redact, options.wfstate_conn_id, options.compensate_attempts) == (("iban",), "shop", 7)
    assert options.name is None, "a name is of one step"


def test_what_a_step_says_itself_and_what_its_group_says_comes_first(dag):
    own, inside = (step_options_of(dag.get_task(task_id)) for task_id in ("own", "group.inside"))

    assert (own.redact, own.compensate, own.wfstate_conn_id) == (("card",), undo, "shop")
    assert (inside.redact, inside.wfstate_conn_id) == (("iban",), "group")


def test_a_wrong_one_is_refused():
    with DAG("wrong", schedule=None, default_args={"redact": ["a b"]}):
        plain = task.step(task_id="plain")(pay)()

    with pytest.raises(InvalidDag, match="in redact"):
        step_options_of(plain.operator)


@pytest.mark.parametrize("option", [{"redact": "iban"}, {"was": "paid"}, {"compensate_attempts": "3"}])
def test_a_text_in_place_of_a_list_or_a_number_is_refused(option):
    (name,) = option
    for declare in (
        lambda: task.step(**option)(pay),
        lambda: durable(EmptyOperator(task_id="classic"), **option),
        lambda: TransactionalStepOperator(task_id="transactional", python_callable=pay, **option),
    ):
        with pytest.raises(InvalidDag, match=name):
            declare()
