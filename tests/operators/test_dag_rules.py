"""What is refused when a DAG is parsed, because two of its tasks, or their order, would go wrong at run time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, setup, task, task_group, teardown
from airflow.serialization.serialized_objects import DagSerialization

from airflow_wfstate import (
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    TransactionalStepOperator,
    TriggerWorkflowDagRunOperator,
    durable,
)
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.declaration.declared_steps import is_sole_task


def plain(name, item_key=None):
    @task.step(task_id=f"t_{name}", name="pay", item_key=item_key)
    def pay(order): ...

    return pay("o-1")


def mapped(name, item_key=None):
    @task.step(task_id=f"t_{name}", name="pay", item_key=item_key)
    def pay(order): ...

    return pay.expand(order=["o-1"])


def classic(name, item_key=None):
    return durable(BashOperator(task_id=f"t_{name}", bash_command="true"), name="pay", item_key=item_key)


def classic_mapped(name, item_key=None):
    operator = BashOperator.partial(task_id=f"t_{name}").expand(bash_command=["true"])
    return durable(operator, name="pay", item_key=item_key)


def transactional_mapped(name, item_key=None):
    return TransactionalStepOperator.partial(task_id=f"t_{name}", step_name="pay", item_key=item_key).expand(sql=["a"])


def triggering(name, item_key=None):
    return TriggerWorkflowDagRunOperator(
        task_id=f"t_{name}", step_name="pay", trigger_dag_id="other", item_key=item_key
    )


def triggering_mapped(name, item_key=None):
    return TriggerWorkflowDagRunOperator.partial(task_id=f"t_{name}", step_name="pay", item_key=item_key).expand(
        trigger_dag_id=["other"]
    )


KINDS = [plain, mapped, classic, classic_mapped, transactional_mapped, triggering, triggering_mapped]


@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize("first", KINDS)
def test_two_tasks_that_are_one_step_are_an_error_also_without_a_start(a_dag, first, second):
    first("a"), second("b")
    with pytest.raises(InvalidDag, match=r"the tasks t_a and t_b are both the step pay\. .* item_key"):
        a_dag.validate()


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_key_on_both_tells_them_apart_and_on_one_does_not(a_dag, kind):
    kind("a", item_key="{{ ds }}"), kind("b", item_key="{{ ts }}")
    a_dag.validate()
    kind("c")
    with pytest.raises(InvalidDag, match="both the step pay"):
        a_dag.validate()


def _load_in_a_mapped_group(item_key):
    """A group that is mapped over ``f``, with a step whose own argument is ``x``."""

    @task
    def fetch(f):
        return f

    @task.step(item_key=item_key)
    def load(x): ...

    @task_group
    def etl(f):
        load(fetch(f))

    etl.expand(f=["a.csv", "b.csv"])


def test_an_item_key_that_does_not_take_what_it_is_given_is_an_error_that_names_it(a_dag):
    _load_in_a_mapped_group(lambda x: x)
    with pytest.raises(InvalidDag) as refused:
        a_dag.validate()
    assert "of task etl.load cannot be called: missing a required argument: 'x'." in refused.value.reason
    assert "It is given f, the arguments of the mapped task group (the step's own are not" in refused.value.reason
    assert refused.value.remedy == "Write it as <lambda>(f), or let it take **arguments."


@pytest.mark.parametrize("kind", [plain, mapped])
def test_an_item_key_takes_the_arguments_of_its_own_step(a_dag, kind):
    kind("a", item_key=lambda order: order)
    a_dag.validate()
    kind("b", item_key=lambda row: row)
    with pytest.raises(
        InvalidDag, match=r"task t_b cannot be called: .*'row'.* It is given order, the .*of the step\."
    ):
        a_dag.validate()


@pytest.mark.parametrize("item_key", [lambda f: f, lambda **arguments: arguments["f"], "{{ f }}", None])
def test_an_item_key_in_a_mapped_group_takes_the_arguments_of_the_group(a_dag, item_key):
    _load_in_a_mapped_group(item_key)
    a_dag.validate()


def test_names_that_are_known_only_at_run_time_are_not_checked(a_dag):
    @task
    def rows():
        return [{"a": 1}]

    @task.step(item_key=lambda a: a)
    def pay(**row): ...

    pay.expand_kwargs(rows())
    a_dag.validate()


def test_a_name_that_is_another_tasks_id_is_the_same_name(a_dag):
    @task.step(name="ship")
    def send(): ...

    @task.step
    def ship(): ...

    send(), ship()
    with pytest.raises(InvalidDag, match="the tasks send and ship are both the step ship"):
        a_dag.validate()


def test_one_task_in_two_groups_is_two_steps_and_a_step_that_each_item_names_is_left_alone(a_dag):
    @task.step
    def ship(): ...

    for group_id in ("first", "second"):
        task_group(group_id=group_id)(lambda: ship() and None)()
    for task_id in ("a", "b"):
        TransactionalStepOperator.partial(task_id=task_id, sql="SELECT 1").expand(step_name=["x", "y"])
    a_dag.validate()


def test_a_file_with_such_a_dag_does_not_get_into_the_bag_and_a_dag_is_checked_once(tmp_path, monkeypatch):
    checks = []
    monkeypatch.setattr("airflow_wfstate.operators.dag.rules._check_starts", checks.append)
    (tmp_path / "double.py").write_text(
        "from airflow.sdk import DAG, task\n"
        "import airflow_wfstate\n"
        "for dag_id, names in (('good', 'ab'), ('double', 'aa')):\n"
        "    with DAG(dag_id, schedule=None):\n"
        "        for number, name in enumerate(names):\n"
        "            @task.step(task_id=f't{number}', name=name)\n"
        "            def step(item): ...\n"
        "            step.expand(item=[1])\n"
    )
    bag = DagBag(str(tmp_path))
    assert list(bag.dags) == ["good"]
    (error,) = bag.import_errors.values()
    assert "DAG double: the tasks t0 and t1 are both the step a" in error
    assert [dag.dag_id for dag in checks] == ["good"]


def test_a_worker_can_tell_whether_a_task_is_alone_with_its_step(a_dag):
    plain("a", item_key="{{ ds }}"), mapped("b", item_key="{{ ds }}")
    classic_mapped("other").operator_class.step_options.__dict__["name"] = "refund"
    EmptyOperator(task_id="no_step")
    assert [is_sole_task(a_dag, task_id) for task_id in ("t_a", "t_b", "t_other", "no_step")] == [
        False,
        False,
        True,
        False,
    ]
    assert is_sole_task(None, "t_a") is False


@pytest.mark.parametrize(
    ("operator_class", "arguments"),
    [
        (StartWorkflowOperator, {"name": "n", "key": "k"}),
        (CompleteWorkflowOperator, {}),
        (CompensateWorkflowOperator, {}),
    ],
)
@pytest.mark.parametrize("how", ["mapped", "grouped"])
def test_what_is_there_once_a_run_cannot_be_mapped(a_dag, operator_class, arguments, how):
    if how == "mapped":
        operator_class.partial(task_id="many", **arguments).expand(doc=["a", "b"])
    else:

        @task_group
        def group(item):
            operator_class(task_id="many", **arguments)

        group.expand(item=["a", "b"])
    with pytest.raises(InvalidDag, match=f"{operator_class.__name__} .*many is (in a )?mapped"):
        a_dag.validate()


def test_one_start_below_another_is_an_error(a_dag):
    first, second = (StartWorkflowOperator(task_id=name, name=name, key="k") for name in ("first", "second"))
    first >> EmptyOperator(task_id="between") >> second
    with pytest.raises(InvalidDag, match="the start second is downstream of the start first"):
        a_dag.validate()


@pytest.mark.parametrize("exclusive", [True, False])
def test_two_starts_are_right_on_two_branches_only(a_dag, exclusive):
    starts = [StartWorkflowOperator(task_id=name, name=name, key="k") for name in ("first", "second")]

    @task.branch
    def choose(): ...

    above = choose() if exclusive else EmptyOperator(task_id="above")
    above >> EmptyOperator(task_id="between") >> starts[0]
    above >> starts[1]
    if exclusive:
        a_dag.validate()
        a_dag.get_task("between") >> starts[1]
    with pytest.raises(InvalidDag, match="the starts first and second would both run"):
        a_dag.validate()


def test_a_step_below_complete_is_an_error_and_a_plain_task_or_a_teardown_is_none(a_dag):
    start = StartWorkflowOperator(task_id="start", name="n", key="k")
    complete = CompleteWorkflowOperator(task_id="complete")
    start >> complete >> EmptyOperator(task_id="mail")
    complete >> EmptyOperator(task_id="tidy").as_teardown()
    a_dag.validate()
    a_dag.get_task("mail") >> durable(EmptyOperator(task_id="late"))
    with pytest.raises(InvalidDag, match=r"the step late is downstream of complete.* Write late >> complete"):
        a_dag.validate()


def test_a_step_beside_complete_is_an_error(a_dag):
    """The completing task may end the workflow before the step begins."""
    start = StartWorkflowOperator(task_id="start", name="n", key="k")
    charge = durable(EmptyOperator(task_id="charge"))
    start >> EmptyOperator(task_id="prepare") >> charge
    start >> CompleteWorkflowOperator(task_id="complete")
    with pytest.raises(InvalidDag, match=r"step charge is not upstream of complete.* Write charge >> complete"):
        a_dag.validate()
    charge >> a_dag.get_task("complete")
    a_dag.validate()


@pytest.mark.parametrize("rule", ["one_failed", "all_failed", "all_skipped"])
def test_a_step_that_runs_after_a_failure_only_need_not_be_above_complete(a_dag, rule):
    start = StartWorkflowOperator(task_id="start", name="n", key="k")
    charge = durable(EmptyOperator(task_id="charge"))
    start >> charge >> CompleteWorkflowOperator(task_id="complete")
    charge >> durable(EmptyOperator(task_id="apologise", trigger_rule=rule)) >> durable(EmptyOperator(task_id="gift"))
    a_dag.validate()


def test_a_step_on_another_branch_than_complete_need_not_be_above_it(a_dag):
    @task.branch
    def choose(): ...

    branch = choose()
    StartWorkflowOperator(task_id="start", name="n", key="k") >> branch
    branch >> durable(EmptyOperator(task_id="accept")) >> CompleteWorkflowOperator(task_id="complete")
    branch >> durable(EmptyOperator(task_id="reject"))
    a_dag.validate()


def test_a_triggered_dag_of_the_file_that_starts_another_workflow_is_an_error():
    with DAG("asks_other", schedule=None) as parent:
        StartWorkflowOperator(task_id="start", name="order", key="{{ params.id }}") >> TriggerWorkflowDagRunOperator(
            task_id="go", trigger_dag_id="other"
        )
    with DAG("other", schedule=None) as child:
        StartWorkflowOperator(task_id="own", name="order", key="{{ dag_run.conf.id }}")
    parent.validate(), child.validate()
    child.get_task("own").name = "delivery"
    with pytest.raises(InvalidDag, match=r"task go triggers DAG other, whose start own would be refused: .*'delivery'"):
        parent.validate()


def test_a_teardown_that_is_a_step_is_an_error_mapped_or_not(a_dag):
    @teardown
    @task.step
    def drop_cluster(): ...

    drop_cluster()
    with pytest.raises(InvalidDag, match="drop_cluster is a teardown and a step") as refused:
        a_dag.validate()
    assert "@teardown above @task" in refused.value.remedy


@pytest.mark.parametrize("mapped", [False, True])
def test_so_is_a_durable_one(a_dag, mapped):
    start = StartWorkflowOperator(task_id="start", name="n", key="k")
    operator = (
        BashOperator.partial(task_id="drop").expand(bash_command=["a"]) if mapped else EmptyOperator(task_id="drop")
    )
    start >> durable(operator).as_teardown(setups=EmptyOperator(task_id="make"))
    with pytest.raises(InvalidDag, match="drop is a teardown and a step"):
        a_dag.validate()


def test_a_setup_may_be_a_step_and_a_teardown_a_plain_task(a_dag):
    @setup
    @task.step
    def make_cluster(): ...

    @teardown
    @task
    def drop_cluster(): ...

    StartWorkflowOperator(task_id="start", name="n", key="k") >> (made := make_cluster())
    made >> drop_cluster()
    CompensateWorkflowOperator(task_id="relay")
    a_dag.validate()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deadline": 4}, r"Task start: The deadline is 4, of type int. Give a positive timedelta, a datetime with"),
        ({"deadline": timedelta(0)}, "not above zero"),
        ({"deadline": timedelta(days=99999)}, "over a hundred years"),
        ({"deadline": datetime(2026, 12, 1)}, "has no time zone"),  # noqa: DTZ001 - meant
        ({"deadline": "4 hours"}, r"The deadline is '4 hours'.*ISO 8601"),
        ({"deadline": "P1M"}, r"The deadline is 'P1M'.*weeks, days"),
        ({"labels": {"region": ""}}, "value of the label 'region' is empty"),
        ({"labels": {"a=b": "1"}}, "contains the character ="),
        ({"labels": {"{{ params.x }}": "1", "a": "x" * 251}}, "has 251 characters"),
        ({"labels": {str(number): "{{ ds }}" for number in range(21)}}, "There are 21 labels"),
        ({"name": "a\nb"}, r"workflow name 'a.*nb' contains the character"),
        ({"key": " "}, "workflow key is empty"),
        ({"correlation_id": "x" * 251}, "correlation id 'x.*has 251 characters"),
    ],
)
def test_what_the_store_would_refuse_in_any_case_is_an_import_error(a_dag, options, message):
    with pytest.raises(InvalidDag, match=message):
        StartWorkflowOperator(task_id="start", **{"name": "n", "key": "k", **options})


@pytest.mark.parametrize(
    "deadline",
    [timedelta(hours=4), datetime(2026, 12, 1, tzinfo=timezone.utc), "P1W", "PT4H30M", "2026-12-01T12:00Z", "{{ x }}"],
)
def test_a_deadline_is_a_duration_a_moment_or_a_template(a_dag, deadline):
    StartWorkflowOperator(
        task_id="start", name="n", key="k", deadline=deadline, labels={"{{ params.name }}": "{{ params.none }}"}
    )
    DagSerialization.to_dict(a_dag)
