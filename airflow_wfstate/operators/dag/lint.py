"""Lint a DAG before it runs: find what could not be undone, and what could not run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.dag.rules import conflict_with_child, starts, triggered_dags
from airflow_wfstate.operators.relay.handler import import_handler
from airflow_wfstate.operators.start_workflow import StartWorkflowOperator
from airflow_wfstate.operators.steps.declaration.options import StepOptions, step_options_of
from airflow_wfstate.operators.steps.readable_output import classes_not_allowed
from airflow_wfstate.operators.steps.relay_task import find_relay
from airflow_wfstate.operators.trigger_workflow_dag_run import TriggerWorkflowDagRunOperator

if TYPE_CHECKING:
    from airflow.sdk import DAG


@dataclass(frozen=True)
class Finding:
    """Something in a DAG that its author should check.

    :param dag_id: None for a file that cannot be imported, whose DAGs are not known.
    :param task_id: None for a finding about the whole DAG.
    :param rule: ``no-compensation``, ``no-relay``, ``handler-not-importable``, ``output-not-readable``,
        ``unknown-plan-entry``, ``child-starts-another`` or ``import-error``.
    :param message: what is wrong and how to fix it, in one sentence each.
    """

    dag_id: str | None
    task_id: str | None
    rule: str
    message: str


def lint(dag: DAG, steps: Collection[str], dags: Mapping[str, DAG]) -> list[Finding]:
    """List the findings about a DAG, in the order of its tasks.

    :param steps: the steps of all known DAGs, each as ``dag_id.step``.
    :param dags: all known DAGs, by id.
    """
    own = _steps_of(dag)
    return [
        *_not_undoable(dag, own),
        *_no_relay(dag, own),
        *_not_importable(dag, own),
        *_not_readable(dag, own),
        *_unknown(dag, steps),
        *_starts_another(dag, dags),
    ]


def import_error(path: str, error: str) -> Finding:
    """Make the finding about a file that cannot be imported, for instance because ``rules.py`` refuses it.

    :param error: a sentence, or a traceback that ends with one.
    """
    lines = error.strip().splitlines() or ["(no message)"]
    return Finding(None, None, "import-error", f"{path} cannot be imported: {lines[-1]}")


def step_names(dag: DAG) -> list[str]:
    """The steps of a DAG, each as ``dag_id.step``."""
    return [f"{dag.dag_id}.{options.name or task_id}" for task_id, options in _steps_of(dag).items()]


def _steps_of(dag: DAG) -> dict[str, StepOptions]:
    found = {task.task_id: step_options_of(task) for task in dag.tasks}
    return {task_id: options for task_id, options in found.items() if options is not None}


def _not_undoable(dag: DAG, steps: dict[str, StepOptions]) -> Iterator[Finding]:
    """A DAG with compensations should say for each step how it is undone. A triggered run undoes its own steps."""
    if not any(options.compensate is not None for options in steps.values()):
        return
    for task_id, options in steps.items():
        says_so = options.compensate is not None or options.irreversible is not None or options.pivot
        if not says_so and not isinstance(dag.task_dict[task_id], TriggerWorkflowDagRunOperator):
            yield Finding(
                dag.dag_id,
                task_id,
                "no-compensation",
                f"Step {options.name or task_id} has neither compensate= nor irreversible=, although other steps of "
                'the DAG can be undone. Say how it is undone, or why not: irreversible="nothing to undo".',
            )


def _no_relay(dag: DAG, steps: dict[str, StepOptions]) -> Iterator[Finding]:
    if find_relay(dag) is None and any(options.compensate is not None for options in steps.values()):
        yield Finding(
            dag.dag_id,
            None,
            "no-relay",
            "Steps of the DAG have compensations, but no relay runs them. Add "
            'CompensateWorkflowOperator(task_id="compensate").',
        )


def _not_importable(dag: DAG, steps: dict[str, StepOptions]) -> Iterator[Finding]:
    for task_id, options in steps.items():
        if isinstance(options.compensate, str):
            try:
                import_handler(options.compensate)
            except InvalidDag as error:
                yield Finding(dag.dag_id, task_id, "handler-not-importable", str(error))


def _not_readable(dag: DAG, steps: dict[str, StepOptions]) -> Iterator[Finding]:
    """A compensation gets the output, so Airflow must be able to deserialise its class."""
    for task_id, options in steps.items():
        function = getattr(dag.task_dict[task_id].operator_class, "step_function", None)
        if options.compensate is None or function is None:
            continue
        for name in classes_not_allowed(function):
            yield Finding(
                dag.dag_id,
                task_id,
                "output-not-readable",
                f"Step {options.name or task_id} returns a {name}, which could not be read back for its compensation: "
                "[core] allowed_deserialization_classes does not list it. Add the class there, or return plain data.",
            )


def _starts_another(dag: DAG, dags: Mapping[str, DAG]) -> Iterator[Finding]:
    """A triggered run belongs to its parent's workflow. Within one file this is an import error instead."""
    for task, child_id, child in triggered_dags(dag, dags.get):
        for start in starts(child):
            for own in starts(dag):
                if conflict := conflict_with_child(own, start):
                    yield Finding(
                        dag.dag_id,
                        task.task_id,
                        "child-starts-another",
                        f"It triggers DAG {child_id}, whose start {start.task_id} would be refused: {conflict}. Remove "
                        f"{start.task_id}, or use Airflow's TriggerDagRunOperator for a separate workflow.",
                    )


def _unknown(dag: DAG, steps: Collection[str]) -> Iterator[Finding]:
    for task in dag.tasks:
        if not isinstance(task, StartWorkflowOperator):
            continue
        for entry in task.plan:
            if entry not in steps and not any(step.endswith(f".{entry}") for step in steps):
                yield Finding(
                    dag.dag_id,
                    task.task_id,
                    "unknown-plan-entry",
                    f"The plan names {entry}, but no DAG has such a step. Correct the plan or the name of the step.",
                )
