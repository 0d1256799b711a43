"""What the tasks of a DAG must keep to, told when it is parsed: a breach is an import error of the DAG.

Nothing here is a matter of taste (that is ``lint.py``): each of these would go wrong when it runs, some of them
without a sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Final

from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.compensate_workflow import CompensateWorkflowOperator
from airflow_wfstate.operators.complete_workflow import CompleteWorkflowOperator
from airflow_wfstate.operators.dag.complete import known_dag
from airflow_wfstate.operators.relay.wiring import is_branch
from airflow_wfstate.operators.start_workflow import StartWorkflowOperator
from airflow_wfstate.operators.steps.declaration.declared_steps import DeclaredStep, declared_steps
from airflow_wfstate.operators.steps.declaration.options import is_template, step_options_of
from airflow_wfstate.operators.trigger_workflow_dag_run import TriggerWorkflowDagRunOperator

if TYPE_CHECKING:
    from airflow.sdk import DAG, BaseOperator

    from airflow_wfstate.operators.relay.wiring import Task

_ONCE_A_RUN: Final[dict[type[BaseOperator], str]] = {
    StartWorkflowOperator: "a run belongs to one workflow, and is started once",
    CompleteWorkflowOperator: "the first of its items would end the workflow while the others are at work",
    CompensateWorkflowOperator: "a run has one relay, which undoes the steps of all items",
}
"""The operators that cannot be mapped, and why."""


def check_dag(dag: DAG) -> None:
    """Check a DAG of which all tasks are declared.

    :raises InvalidDag: it breaks a rule; the first breach is told.
    """
    _check_no_teardown_is_a_step(dag)
    _check_step_names(dag)
    _check_former_names(dag)
    for operator_class, reason in _ONCE_A_RUN.items():
        _check_not_mapped(dag, operator_class, reason)
    _check_starts(dag)
    _check_steps_below_start(dag)
    _check_nothing_below_complete(dag)
    _check_children(dag)


def below(dag: DAG, task_id: str) -> set[str]:
    """The ids of all tasks that run after a task, at any distance."""
    found: set[str] = set()
    pending = list(dag.get_task(task_id).downstream_task_ids)
    while pending:
        next_id = pending.pop()
        if next_id not in found:
            found.add(next_id)
            pending.extend(dag.get_task(next_id).downstream_task_ids)
    return found


def conflict_with_child(start_of_parent: StartWorkflowOperator, start_of_child: StartWorkflowOperator) -> str | None:
    """Why the start of a triggered DAG cannot work, as far as it can be seen; None when it can.

    A triggered run belongs to the workflow of the step that triggers it: its own start can only name that one.
    """
    for field in ("name", "key"):
        ours, theirs = getattr(start_of_parent, field), getattr(start_of_child, field)
        if _is_plain(ours) and _is_plain(theirs) and ours != theirs:
            return f"it starts the workflow {field} {theirs!r}, and the run belongs to the {field} {ours!r}"
    return None


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and not is_template(value)


def starts(dag: DAG) -> list[StartWorkflowOperator]:
    """The starts of a DAG, in the order of its tasks."""
    return [task for task in dag.tasks if isinstance(task, StartWorkflowOperator)]


def triggered_dags(dag: DAG, find: Callable[[str], DAG | None]) -> Iterator[tuple[Task, str, DAG]]:
    """The tasks of a DAG that trigger another one as a step, mapped or not, with that DAG's id and the DAG.

    :param find: a DAG by its id; None for one that is not known, or a template.
    """
    for task in dag.tasks:
        if issubclass(task.operator_class, TriggerWorkflowDagRunOperator):
            child_id = str(getattr(task, "partial_kwargs", vars(task)).get("trigger_dag_id"))
            child = find(child_id)
            if child is not None:
                yield task, child_id, child


def _check_step_names(dag: DAG) -> None:
    by_name: defaultdict[str, list[DeclaredStep]] = defaultdict(list)
    for step in declared_steps(dag):
        by_name[step.name].append(step)
    for name, steps in by_name.items():
        if len(steps) > 1 and not all(step.has_item_key for step in steps):
            first, second = steps[0].task_id, steps[1].task_id
            raise InvalidDag(
                f"DAG {dag.dag_id}: the tasks {first} and {second} are both the step {name}: the second would be "
                "answered with what the first has produced, and would not act.",
                "Give one of them another name (name=, or step_name=), or give both an item_key that tells apart "
                "what they do.",
            )


def _check_no_teardown_is_a_step(dag: DAG) -> None:
    for task in dag.tasks:
        if task.is_teardown and step_options_of(task) is not None:
            raise InvalidDag(
                f"DAG {dag.dag_id}: task {task.task_id} is a teardown and a step. A teardown tidies up whatever "
                "became of the workflow, and no step begins in one that has failed, is being undone, or has ended.",
                "Make it a plain task: @teardown above @task, in place of @task.step, or the operator without "
                "durable(). It then runs in every case, and is no part of the workflow.",
            )


def _check_former_names(dag: DAG) -> None:
    steps = declared_steps(dag)
    for step, other in ((step, other) for step in steps if step.was for other in steps):
        shared = set(step.was) & {other.name, *other.was}
        if shared and step.name != other.name:
            name = min(shared)
            is_declared = name == other.name
            raise InvalidDag(
                f"DAG {dag.dag_id}: step {step.name} (task {step.task_id}) says that it was {name}, which task "
                f"{other.task_id} {'declares' if is_declared else 'says of its step too'}: what was done under that "
                "name cannot belong to both.",
                f"Leave {name} out of was= of one of them"
                + (", or give the other step a name that was not used before." if is_declared else "."),
            )


def _check_not_mapped(dag: DAG, operator_class: type[BaseOperator], reason: str) -> None:
    for task in dag.tasks:
        if not issubclass(task.operator_class, operator_class):
            continue
        if task.is_mapped or any(True for _group in task.iter_mapped_task_groups()):
            where = "is mapped" if task.is_mapped else "stands in a mapped task group"
            raise InvalidDag(
                f"DAG {dag.dag_id}: the {operator_class.__name__} {task.task_id} {where}: {reason}.",
                "Declare it once, outside of what is mapped. For a workflow for each item, let a mapped "
                "TriggerDagRunOperator trigger a DAG that starts it.",
            )


def _check_starts(dag: DAG) -> None:
    for first, second in combinations(starts(dag), 2):
        for upper, lower in ((first, second), (second, first)):
            if lower.task_id in below(dag, upper.task_id):
                raise InvalidDag(
                    f"DAG {dag.dag_id}: the start {lower.task_id} stands below the start {upper.task_id}: a run "
                    "belongs to one workflow, so the second start would be refused.",
                    "Keep one of them; start the other workflow in a DAG of its own, triggered by a "
                    "TriggerDagRunOperator.",
                )
        if not _is_one_of_both(dag, first, second):
            raise InvalidDag(
                f"DAG {dag.dag_id}: the starts {first.task_id} and {second.task_id} would both run: a run belongs to "
                "one workflow, so the one that comes second would be refused.",
                "Keep one of them, or put them on different branches of one @task.branch.",
            )


def _is_one_of_both(dag: DAG, first: BaseOperator, second: BaseOperator) -> bool:
    """Whether some branch lets only one of two tasks run: they stand below different tasks right below it."""
    for task in dag.tasks:
        if is_branch(task):
            ways = {way: {way, *below(dag, way)} for way in task.downstream_task_ids}
            to_first = {way for way, ids in ways.items() if first.task_id in ids}
            to_second = {way for way, ids in ways.items() if second.task_id in ids}
            if to_first and to_second and not to_first & to_second:
                return True
    return False


def _check_steps_below_start(dag: DAG) -> None:
    found = starts(dag)
    if not found:
        return
    below_a_start = set().union(*(below(dag, start.task_id) for start in found))
    for task in dag.tasks:
        if step_options_of(task) is not None and task.task_id not in below_a_start:
            raise InvalidDag(
                f"DAG {dag.dag_id}: step {task.task_id} does not stand below a StartWorkflowOperator.",
                f"Write {found[0].task_id} >> {task.task_id}, so that the step belongs to the workflow.",
            )


def _check_nothing_below_complete(dag: DAG) -> None:
    for task in dag.tasks:
        if not isinstance(task, CompleteWorkflowOperator):
            continue
        for other_id in sorted(below(dag, task.task_id)):
            other = dag.get_task(other_id)
            if isinstance(other, StartWorkflowOperator) or step_options_of(other) is not None:
                kind = "start" if isinstance(other, StartWorkflowOperator) else "step"
                raise InvalidDag(
                    f"DAG {dag.dag_id}: the {kind} {other_id} stands below {task.task_id}, which ends the workflow: "
                    "no step begins in a workflow that has ended.",
                    f"Write {other_id} >> {task.task_id}, or make it a plain task.",
                )


def _check_children(dag: DAG) -> None:
    for task, child_id, child in triggered_dags(dag, lambda dag_id: known_dag(dag.fileloc, dag_id)):
        for start in starts(child):
            for own in starts(dag):
                if conflict := conflict_with_child(own, start):
                    raise InvalidDag(
                        f"DAG {dag.dag_id}: task {task.task_id} triggers DAG {child_id}, whose start {start.task_id} "
                        f"would be refused: {conflict}.",
                        f"Leave out {start.task_id}: the steps of a triggered run belong to the workflow of the step "
                        "that triggers it. For a workflow of its own use Airflow's TriggerDagRunOperator.",
                    )
