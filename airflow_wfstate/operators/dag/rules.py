"""The rules for the tasks of a DAG, checked when it is parsed. A violation is an import error of the DAG.

None of these rules is a matter of taste; those are in ``lint.py``. Each violation would cause an error at run time,
sometimes without any sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Final

from airflow.sdk import TriggerRule

from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.compensate_workflow import CompensateWorkflowOperator
from airflow_wfstate.operators.complete_workflow import CompleteWorkflowOperator
from airflow_wfstate.operators.dag.complete import known_dag
from airflow_wfstate.operators.relay.wiring import is_branch
from airflow_wfstate.operators.start_workflow import StartWorkflowOperator
from airflow_wfstate.operators.steps.declaration.declared_steps import DeclaredStep, declared_steps
from airflow_wfstate.operators.steps.declaration.item_names import check_takes, declared_item_names
from airflow_wfstate.operators.steps.declaration.options import is_template, step_options_of
from airflow_wfstate.operators.trigger_workflow_dag_run import TriggerWorkflowDagRunOperator

if TYPE_CHECKING:
    from airflow.sdk import DAG, BaseOperator

    from airflow_wfstate.operators.relay.wiring import Task

_ONCE_A_RUN: Final[dict[type[BaseOperator], str]] = {
    StartWorkflowOperator: "a run belongs to one workflow and starts it once",
    CompleteWorkflowOperator: "its first item would end the workflow while the others are running",
    CompensateWorkflowOperator: "a run has one relay, which undoes the steps of all items",
}
"""The operators that cannot be mapped, and why."""

_ONLY_AFTER_A_FAILURE: Final = frozenset({TriggerRule.ONE_FAILED, TriggerRule.ALL_FAILED, TriggerRule.ALL_SKIPPED})


def check_dag(dag: DAG) -> None:
    """Check a DAG whose tasks are all declared.

    :raises InvalidDag: it violates a rule; the message describes the first violation.
    """
    _check_no_teardown_is_a_step(dag)
    _check_step_names(dag)
    _check_former_names(dag)
    _check_item_keys(dag)
    for operator_class, reason in _ONCE_A_RUN.items():
        _check_not_mapped(dag, operator_class, reason)
    _check_starts(dag)
    _check_steps_below_start(dag)
    _check_nothing_below_complete(dag)
    _check_steps_above_complete(dag)
    _check_children(dag)


def below(dag: DAG, task_id: str) -> set[str]:
    """The ids of all tasks downstream of a task, directly or indirectly."""
    return _reached(dag, task_id, lambda task: task.downstream_task_ids)


def above(dag: DAG, task_id: str) -> set[str]:
    """The ids of all tasks upstream of a task, directly or indirectly."""
    return _reached(dag, task_id, lambda task: task.upstream_task_ids)


def _reached(dag: DAG, task_id: str, neighbours: Callable[[Task], Iterable[str]]) -> set[str]:
    found: set[str] = set()
    pending = list(neighbours(dag.get_task(task_id)))
    while pending:
        next_id = pending.pop()
        if next_id not in found:
            found.add(next_id)
            pending.extend(neighbours(dag.get_task(next_id)))
    return found


def conflict_with_child(start_of_parent: StartWorkflowOperator, start_of_child: StartWorkflowOperator) -> str | None:
    """Why the start of a triggered DAG cannot work, as far as the DAGs show; None if it can.

    A triggered run belongs to the workflow of the step that triggers it, so its own start can only name that workflow.
    """
    for field in ("name", "key"):
        ours, theirs = getattr(start_of_parent, field), getattr(start_of_child, field)
        if _is_plain(ours) and _is_plain(theirs) and ours != theirs:
            return f"it starts the workflow {field} {theirs!r}, but the run belongs to the {field} {ours!r}"
    return None


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and not is_template(value)


def starts(dag: DAG) -> list[StartWorkflowOperator]:
    """The starts of a DAG, in the order of its tasks."""
    return [task for task in dag.tasks if isinstance(task, StartWorkflowOperator)]


def triggered_dags(dag: DAG, find: Callable[[str], DAG | None]) -> Iterator[tuple[Task, str, DAG]]:
    """Find the tasks of a DAG that trigger another DAG as a step, mapped or not, with that DAG's id and the DAG.

    :param find: returns a DAG by its id; None if it is not known, or the id is a template.
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
                f"DAG {dag.dag_id}: the tasks {first} and {second} are both the step {name}. The second would get "
                "the output of the first and would not execute.",
                "Give one of them another name (name= or step_name=), or give both an item_key that distinguishes "
                "them.",
            )


def _check_no_teardown_is_a_step(dag: DAG) -> None:
    for task in dag.tasks:
        if task.is_teardown and step_options_of(task) is not None:
            raise InvalidDag(
                f"DAG {dag.dag_id}: task {task.task_id} is a teardown and a step. A teardown cleans up "
                "whatever happened to the workflow, but no step begins in a workflow that has failed, is being "
                "compensated, or has ended.",
                "Make it a plain task: use @teardown above @task instead of @task.step, or the operator without "
                "durable(). It then runs in every case, and is not part of the workflow.",
            )


def _check_former_names(dag: DAG) -> None:
    steps = declared_steps(dag)
    for step, other in ((step, other) for step in steps if step.was for other in steps):
        shared = set(step.was) & {other.name, *other.was}
        if shared and step.name != other.name:
            name = min(shared)
            is_declared = name == other.name
            raise InvalidDag(
                f"DAG {dag.dag_id}: step {step.name} (task {step.task_id}) declares the former name {name}, which task "
                f"{other.task_id} {'uses as its name' if is_declared else 'declares as well'}. Work done under that "
                "name cannot belong to both.",
                f"Remove {name} from was= of one of them"
                + (", or give the other step a name that was not used before." if is_declared else "."),
            )


def _check_item_keys(dag: DAG) -> None:
    for task in dag.tasks:
        options = step_options_of(task)
        if options is None or not callable(options.item_key):
            continue
        given = declared_item_names(task)
        if given is not None:
            check_takes(task.task_id, options.item_key, given)


def _check_not_mapped(dag: DAG, operator_class: type[BaseOperator], reason: str) -> None:
    for task in dag.tasks:
        if not issubclass(task.operator_class, operator_class):
            continue
        if task.is_mapped or any(True for _group in task.iter_mapped_task_groups()):
            where = "is mapped" if task.is_mapped else "is in a mapped task group"
            raise InvalidDag(
                f"DAG {dag.dag_id}: the {operator_class.__name__} {task.task_id} {where}: {reason}.",
                "Declare it once, outside of any mapping. For one workflow per item, let a mapped "
                "TriggerDagRunOperator trigger a DAG that starts it.",
            )


def _check_starts(dag: DAG) -> None:
    for first, second in combinations(starts(dag), 2):
        for upper, lower in ((first, second), (second, first)):
            if lower.task_id in below(dag, upper.task_id):
                raise InvalidDag(
                    f"DAG {dag.dag_id}: the start {lower.task_id} is downstream of the start {upper.task_id}. A run "
                    "belongs to one workflow, so the second start would be refused.",
                    "Keep one of them, and start the other workflow in a separate DAG that a TriggerDagRunOperator "
                    "triggers.",
                )
        if not _is_one_of_both(dag, first, second):
            raise InvalidDag(
                f"DAG {dag.dag_id}: the starts {first.task_id} and {second.task_id} would both run. A run belongs to "
                "one workflow, so the second start would be refused.",
                "Keep one of them, or put them on different branches of one @task.branch.",
            )


def _is_one_of_both(dag: DAG, first: BaseOperator, second: BaseOperator) -> bool:
    """Whether a branch lets only one of two tasks run: they are downstream of different direct successors."""
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
                f"DAG {dag.dag_id}: step {task.task_id} is not downstream of a StartWorkflowOperator.",
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
                    f"DAG {dag.dag_id}: the {kind} {other_id} is downstream of {task.task_id}, which ends the "
                    "workflow. No step begins in a workflow that has ended.",
                    f"Write {other_id} >> {task.task_id}, or make it a plain task.",
                )


def _check_steps_above_complete(dag: DAG) -> None:
    completes = [task.task_id for task in dag.tasks if isinstance(task, CompleteWorkflowOperator)]
    if not completes:
        return
    above_a_complete = set().union(*(above(dag, task_id) for task_id in completes))
    for task in dag.tasks:
        if step_options_of(task) is None or task.task_id in above_a_complete:
            continue
        if _runs_in_a_run_that_goes_well(dag, task):
            raise InvalidDag(
                f"DAG {dag.dag_id}: step {task.task_id} is not upstream of {completes[0]}, which ends the workflow. It "
                "may end it before the step begins, and no step begins in a workflow that has ended.",
                f"Write {task.task_id} >> {completes[0]}, or make it a plain task.",
            )


def _runs_in_a_run_that_goes_well(dag: DAG, task: Task) -> bool:
    """Whether a task runs when nothing fails: neither it nor a task above it waits for a failure or is a branch."""
    return all(
        one.trigger_rule not in _ONLY_AFTER_A_FAILURE and not is_branch(one)
        for one in (task, *(dag.get_task(task_id) for task_id in above(dag, task.task_id)))
    )


def _check_children(dag: DAG) -> None:
    for task, child_id, child in triggered_dags(dag, lambda dag_id: known_dag(dag.fileloc, dag_id)):
        for start in starts(child):
            for own in starts(dag):
                if conflict := conflict_with_child(own, start):
                    raise InvalidDag(
                        f"DAG {dag.dag_id}: task {task.task_id} triggers DAG {child_id}, whose start {start.task_id} "
                        f"would be refused: {conflict}.",
                        f"Remove {start.task_id}: the steps of a triggered run belong to the workflow of the step "
                        "that triggers it. For a separate workflow, use Airflow's TriggerDagRunOperator.",
                    )
