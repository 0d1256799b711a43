"""Names and keys are text, even where Airflow renders templates as Python objects; and they identify something."""

from __future__ import annotations

import datetime
import sys
import uuid
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, task, task_group
from packaging.version import Version

from airflow_wfstate import (
    CompleteWorkflowOperator,
    SendEventOperator,
    StartWorkflowOperator,
    TransactionalStepOperator,
    TriggerWorkflowDagRunOperator,
)
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import InvalidDag, InvalidName, InvalidRequest
from airflow_wfstate.operators.steps.declaration.item_key import item_key_of
from airflow_wfstate.operators.steps.identity_text import identity_text

needs_dag_test = pytest.mark.skipif(
    Version(airflow_version) < Version("3.3"),
    reason="dag.test() fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
)
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated")

LITERALS = ["1.10", "007", "1e5", "None", "True", "[1]", "{'a': 1}", "2026-01-01", " padded ", "0x1F", "('a', 'b')"]


class Region(str, Enum):
    EU = "eu"


def _rendered(operator, **variables):
    operator.render_template_fields(variables)
    return operator


@pytest.fixture
def native_dag():
    with DAG("native_dag", schedule=None, render_template_as_native_obj=True) as dag:
        yield dag


@pytest.mark.parametrize("text", LITERALS)
def test_what_looks_like_python_stays_text(native_dag, text):
    start = StartWorkflowOperator(
        task_id="start",
        name="{{ value }}",
        key="{{ value }}",
        correlation_id="{{ value }}",
        input="{{ {'a': 1} }}",
        labels={"value": "{{ value }}"},
    )
    trigger = TriggerWorkflowDagRunOperator(task_id="trigger", trigger_dag_id="{{ value }}", conf={"n": "{{ 1 }}"})
    book = TransactionalStepOperator(task_id="book", conn_id="{{ value }}", sql="SELECT 1")

    start, trigger, book = (_rendered(operator, value=text) for operator in (start, trigger, book))

    assert (start.name, start.key, start.correlation_id, start.labels) == (text, text, text, {"value": text})
    assert start.input == {"a": 1}
    assert (trigger.trigger_dag_id, trigger.conf) == (text, {"n": 1})
    assert book.conn_id == text


def test_an_operator_that_alone_renders_natively_is_no_exception(a_dag):
    start = StartWorkflowOperator(task_id="start", name="n", key="{{ '007' }}", render_template_as_native_obj=True)

    assert _rendered(start).key == "007"


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("undefined", [jinja2.StrictUndefined, jinja2.Undefined])
@pytest.mark.parametrize(
    "template", ["{{ row.id }}", "order-{{ row.id }}", "{{ nothing }}", "{{ row.none }}", "{{ '' }}"]
)
def test_a_key_that_identifies_nothing_is_refused(native, undefined, template):
    with DAG("d", schedule=None, render_template_as_native_obj=native, template_undefined=undefined):
        start = StartWorkflowOperator(task_id="start", name="n", key=template)

    with pytest.raises(InvalidName, match="workflow key"):
        _rendered(start, row={"none": None})


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda x: StartWorkflowOperator(task_id="t", name="n", key="k", deadline=x), "deadline"),
        (lambda x: StartWorkflowOperator(task_id="t", name="n", key="k", labels={"day": x}), "labels"),
        (lambda x: StartWorkflowOperator(task_id="t", name="n", key="k", input={"day": x}), "input"),
        (lambda x: CompleteWorkflowOperator(task_id="t", output=x), "output"),
        (lambda x: TriggerWorkflowDagRunOperator(task_id="t", trigger_dag_id="d", conf={"day": x}), "conf"),
        (lambda x: TransactionalStepOperator(task_id="t", sql=x), "sql"),
        (lambda x: TransactionalStepOperator(task_id="t", sql="SELECT 1", parameters=[x]), "parameters"),
        (lambda x: SendEventOperator(task_id="t", event_type="e", source="s", data={"day": x}), "data"),
        (lambda x: SendEventOperator(task_id="t", event_type=x, source="s"), "event_type"),
    ],
)
def test_every_option_that_uses_an_undefined_value_is_refused_with_a_remedy(native, make, option):
    with DAG("d", schedule=None, render_template_as_native_obj=native):
        operator = make("{{ data_interval_end }}")

    with pytest.raises(InvalidRequest) as refused:
        _rendered(operator)

    assert f"the option {option} uses an undefined value: 'data_interval_end' is undefined." in refused.value.reason
    assert "every run has {{ dag_run.run_after }} and {{ run_id }}" in refused.value.remedy
    assert "share that text" not in refused.value.remedy


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.10", "1.10"),
        (7, "7"),
        (1.5, "1.5"),
        (Decimal("1.10"), "1.10"),
        (True, "True"),
        (Region.EU, "eu"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), "2026-01-02 00:00:00+00:00"),
        (datetime.time(6, 30), "06:30:00"),
        (datetime.timedelta(days=1), "1 day, 0:00:00"),
        (("a", 1), "('a', 1)"),
        ([1], "[1]"),
    ],
)
def test_a_value_that_has_a_text_is_that_text(value, text):
    assert identity_text("workflow key", value) == text


@pytest.mark.parametrize("value", [None, "", " \t", object(), {"a": 1}, {1}, b"a", (object(),), lambda: 1, iter(())])
def test_a_value_without_a_text_of_its_own_is_refused(value):
    with pytest.raises(InvalidName, match="The workflow key"):
        identity_text("workflow key", value)


def test_an_item_key_that_would_not_be_there_at_once_is_an_import_error(a_dag):
    async def later(row):
        return row

    def by_and_by(row):
        yield row

    for function, complaint in ((later, "is async"), (by_and_by, "has a yield")):
        with pytest.raises(InvalidDag, match=f"item_key=.* {complaint}"):
            task.step(item_key=function)


def _item_key_in_a_mapped_group(dag, item_key):
    """The item key of the first item of a step with the argument ``x``, in a group that is mapped over ``f``."""

    @task
    def load(x): ...

    @task_group
    def etl(f):
        load("another value")

    etl.expand(f=["a.csv", "b.csv"])
    context = {"ti": SimpleNamespace(map_index=0), "run_id": "a_run"}
    return item_key_of(dag.get_task("etl.load"), context, item_key)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("item_key", "complaint"),
    [
        ("{{ x }}", r"the template '{{ x }}' of the item key of task etl.load is not defined"),
        ("{{ x.id }}", r"uses an undefined value: 'x' is undefined"),
        (lambda x: x, "item_key=<lambda> of task etl.load cannot be called: missing a required argument: 'x'"),
    ],
)
def test_an_item_key_that_uses_what_it_is_not_given_is_told_what_it_is_given(native, item_key, complaint):
    dag = DAG("d", schedule=None, render_template_as_native_obj=native)
    with dag, pytest.raises((InvalidName, InvalidDag), match=complaint) as refused:
        _item_key_in_a_mapped_group(dag, item_key)

    assert "given f, the arguments of the mapped task group" in str(refused.value)
    assert "logical date" not in str(refused.value)


@pytest.mark.parametrize("item_key", ["{{ f }}", lambda f: f])
def test_an_item_key_in_a_mapped_group_is_given_the_arguments_of_the_group(a_dag, item_key):
    assert _item_key_in_a_mapped_group(a_dag, item_key) == "a.csv"


@pytest.fixture
def run(dags_folder: Path, backend):
    """Run a DAG of native.py; return the run and its workflow."""
    bag = DagBag(str(dags_folder / "native.py"))
    assert bag.import_errors == {}

    # Taken once: dag.test() imports the file again, but runs the tasks of this import.
    seen = sys.modules[bag.dags["native"].get_task("deploy").operator_class.step_function.__module__].seen

    def run_dag(dag_id):
        dag_run = bag.dags[dag_id].test()
        xcom = dag_run.get_task_instance("start").xcom_pull("start", key="return_value")
        return dag_run, backend.get_workflow(xcom["workflow_id"]), seen

    return run_dag


@needs_dag_test
def test_a_whole_run_with_native_rendering(run, backend):
    dag_run, detail, seen = run("native")

    assert {str(ti.state) for ti in dag_run.get_task_instances()} == {"success"}
    summary = detail.summary
    assert (summary.name, summary.correlation_id) == ("1.10", "007")
    assert summary.key.split("~")[0] == "1.10"
    assert summary.labels == {"release": "1.10", "build": "7"}
    assert [found.id for found in backend.list_workflows(WorkflowQuery(name="1.10")).workflows] == [summary.id]
    items = {}
    for step in detail.steps:
        items.setdefault(step.name, []).append(step.item_key)
    assert {name: sorted(keys) for name, keys in items.items()} == {
        "deploy": [""],
        "written": ['{"release":"1.1"}', '{"release":"1.10"}'],
        "by_template": ["v1.1", "v1.10"],
        "by_function": ["1.1", "1.10"],
        "alone": ["1.10"],
        "handed_over": ['{"release":"2.1"}', '{"release":"2.10"}', '{"release":"{{ not_rendered }}"}'],
    }
    assert (1.1, summary.key) in seen, "the step itself is given what native rendering gives"


@needs_dag_test
def test_items_whose_key_identifies_nothing_are_refused_before_they_act(run):
    dag_run, detail, _ = run("keys_that_identify_nothing")

    states = {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances() if ti.map_index >= 0}
    assert set(states.values()) == {"failed"}
    assert len(states) == 6
    assert detail.steps == []
