"""What a DAG author sees while DAGs are parsed: wiring, mapping, overriding, and errors that name the remedy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, BaseOperator, task, task_group
from airflow.serialization.serialized_objects import DagSerialization, OperatorSerialization

from airflow_wfstate import STEP, CompensateWorkflowOperator, StartWorkflowOperator, TransactionalStepOperator, durable
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.declaration.options import step_options_of

EXAMPLES = Path(__file__).parents[2] / "dags"


def undo(output, compensation): ...


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_every_example_is_parsed_and_serialised(path):
    if path.stem == "events_from_queue":  # its providers no longer support Python 3.10
        pytest.importorskip("airflow.providers.common.messaging")
    bag = DagBag(str(path))
    assert bag.import_errors == {}
    for dag in bag.dags.values():
        restored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        assert sorted(restored.task_ids) == sorted(dag.task_ids)


def test_the_relay_stands_below_the_leaves_and_above_the_dags_own_teardowns(a_dag):
    relay = CompensateWorkflowOperator(task_id="relay")
    setup = EmptyOperator(task_id="setup")
    work, other = EmptyOperator(task_id="work"), EmptyOperator(task_id="other")
    setup >> work >> EmptyOperator(task_id="teardown").as_teardown(setups=setup)
    a_dag.validate()
    a_dag.validate()  # again does no harm
    assert relay.is_teardown
    assert relay.upstream_task_ids == {"work", "other"}
    assert relay.downstream_task_ids == {"teardown"}
    assert other.downstream_task_ids == {"relay"}


def test_a_second_relay_is_an_error(a_dag):
    CompensateWorkflowOperator(task_id="relay")
    with pytest.raises(InvalidDag, match="two relays: relay and second"):
        CompensateWorkflowOperator(task_id="second")


def test_a_task_below_the_relay_is_an_error(a_dag):
    CompensateWorkflowOperator(task_id="relay") >> EmptyOperator(task_id="below")
    with pytest.raises(InvalidDag, match="task below is downstream of the relay"):
        a_dag.validate()


def test_a_branch_that_is_a_leaf_is_an_error(a_dag):
    CompensateWorkflowOperator(task_id="relay")
    BranchPythonOperator(task_id="branch", python_callable=lambda: None)
    with pytest.raises(InvalidDag, match="the branch branch is a leaf"):
        a_dag.validate()


@pytest.mark.parametrize("kind", ["plain", "mapped", "grouped", "durable"])
def test_a_step_that_is_not_below_the_start_is_an_error(a_dag, kind):
    start = StartWorkflowOperator(task_id="start", name="n", key="k")

    @task.step
    def work(number): ...

    @task_group
    def group():
        return work(1)

    declared = {
        "plain": lambda: work(1),
        "mapped": lambda: work.expand(number=[1]),
        "grouped": group,
        "durable": lambda: durable(EmptyOperator(task_id="work")),
    }[kind]()
    with pytest.raises(InvalidDag, match=r"work is not downstream of a StartWorkflowOperator. Write start >> "):
        a_dag.validate()
    start >> EmptyOperator(task_id="between") >> declared
    a_dag.validate()


def test_no_task_pushes_an_xcom_for_its_button(a_dag, monkeypatch):
    """Airflow pushes one XCom for each link of an operator; ours belongs to the plugin, and the api-server makes it."""
    # Airflow keeps this in its class, and sets it anew with each stored DAG that it reads: its clear leaves False.
    monkeypatch.setattr(DagSerialization, "_load_operator_extra_links", True)
    monkeypatch.setattr(OperatorSerialization, "_load_operator_extra_links", True)
    StartWorkflowOperator(task_id="start", name="n", key="k") >> durable(BashOperator(task_id="bash", bash_command="a"))
    TransactionalStepOperator(task_id="book", python_callable=print, compensate=print)
    restored = DagSerialization.from_dict(DagSerialization.to_dict(a_dag))
    for task_id in ("start", "bash", "book"):
        assert list(a_dag.get_task(task_id).operator_extra_links) == []
        assert restored.get_task(task_id).extra_links == ["Workflow"]


def test_a_mapped_step_carries_its_options_beside_the_serialised_arguments(a_dag):
    @task.step(compensate=undo, name="renamed")
    def item(step, number, factor): ...

    mapped = item.partial(factor=2).expand(number=[1, 2]).operator
    assert step_options_of(mapped).compensate is undo
    assert step_options_of(mapped).name == "renamed"
    DagSerialization.to_dict(a_dag)


def test_step_is_filled_in_whatever_its_position_and_override_and_groups_work(a_dag):
    @task.step
    def plain(first, step=STEP, last=3): ...

    @task_group
    def group():
        plain.override(task_id="other", retries=5)("x", last=1)

    group()
    operator = a_dag.get_task("group.other")
    assert operator.op_kwargs == {"first": "x", "last": 1}
    assert operator.retries == 5
    with pytest.raises(TypeError, match="missing a required argument"):
        plain()


def test_multiple_outputs_is_inferred_from_the_annotation(a_dag):
    @task.step
    def work(step) -> dict[str, int]: ...

    assert work().operator.multiple_outputs is True


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: task.step(compensate_when="never")(undo), "compensate_when is 'never'"),
        (lambda: task.step(compensate_attempts=0)(undo), "compensate_attempts is 0"),
        (lambda: task.step(compensate="nothing")(undo), "compensate is 'nothing'"),
        (lambda: task.step(compensate=task(undo))(undo), "Give a plain function"),
        (lambda: durable(undo), "durable.. was given an object of type function"),
        (lambda: durable(durable(EmptyOperator(task_id="x"))), "Task x is already a step"),
        (lambda: durable(TriggerDagRunOperator(task_id="x", trigger_dag_id="y")), "Use TriggerWorkflowDagRunOperator"),
        (lambda: StartWorkflowOperator(task_id="x", name="n", key="k", on_failure="?"), "on_failure is '?'"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_remedy(a_dag, declare, message):
    with pytest.raises(InvalidDag, match=message.replace("?", "[?]")):
        declare()


@pytest.mark.parametrize("option", ["start_from_trigger", "end_from_trigger"])
def test_durable_refuses_what_lives_in_the_triggerer(a_dag, option):
    operator = EmptyOperator(task_id="x")
    setattr(operator, option, True)
    with pytest.raises(InvalidDag, match=option):
        durable(operator)


def test_durable_keeps_the_operators_name_for_airflow(a_dag: DAG):
    mapped = durable(BashOperator.partial(task_id="mapped").expand(bash_command=["a", "b"]), compensate=undo)
    single = durable(BashOperator(task_id="single", bash_command="a"))
    assert (mapped.task_type, single.task_type) == ("BashOperator", "BashOperator")
    assert isinstance(single, BashOperator)
    assert list(mapped.operator_extra_links) == []
    DagSerialization.to_dict(a_dag)


class _Mixin(ABC):
    """Like Airflow's ``ResumableJobMixin``."""

    @abstractmethod
    def submit(self): ...


class _BeginsWithAMixin(_Mixin, BaseOperator):
    def submit(self): ...

    def execute(self, context): ...


def test_durable_takes_an_operator_whose_class_begins_with_an_abstract_mixin(a_dag):
    operator = durable(_BeginsWithAMixin(task_id="single"))
    assert isinstance(operator, _BeginsWithAMixin)


def test_an_unfilled_step_says_what_is_missing():
    with pytest.raises(InvalidDag, match=r"step\.attempt was used"):
        _ = STEP.attempt


async def _async(*_arguments): ...


def _yields(*_arguments):
    yield


async def _async_yields(*_arguments):
    yield


def test_a_step_that_is_an_async_generator_is_refused(a_dag):
    with pytest.raises(InvalidDag, match="is async and has a yield"):
        task.step(_async_yields)


@pytest.mark.parametrize(
    ("function", "complaint"), [(_async, "is async"), (_yields, "yield"), (_async_yields, "yield")]
)
def test_a_transaction_calls_a_plain_function(a_dag, function, complaint):
    with pytest.raises(InvalidDag, match=f"python_callable={function.__name__} .*{complaint}"):
        TransactionalStepOperator(task_id="book", python_callable=function)
