"""Explain why a workflow may not exist: which DAGs start workflows of its name, and why they may not have yet."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.starting_dag import StartingDag
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.exceptions import WorkflowStateError


def why_absent(store: StateBackend, names: Iterable[str]) -> str:
    """What is known and what would help, in sentences; empty if nothing is known, or the store cannot tell.

    :param names: the names that the workflow may have.
    """
    try:
        return " ".join(_sentence(name, dag) for name in names for dag in store.list_starting_dags(name))
    except WorkflowStateError:
        # The caller reports that there is no workflow. An older api-server that cannot tell why must not hide that.
        return ""


def _sentence(name: str, dag: StartingDag) -> str:
    told = f"The DAG {dag.dag_id} starts workflows named {name!r}"
    if not dag.waiting:
        told += (
            ", but none of its runs is waiting to start one. A run may have failed before it did; see: "
            f"airflow dags list-runs {dag.dag_id}"
        )
    else:
        runs = ", ".join(dag.waiting_run_ids)
        more = f" and {dag.waiting - len(dag.waiting_run_ids)} more" if dag.waiting > len(dag.waiting_run_ids) else ""
        verb = "has" if dag.waiting == 1 else "have"
        told += f"; {counted(dag.waiting, 'run')} of it {verb} not started one yet ({runs}{more})"
    if dag.is_paused:
        told += f". The DAG is paused; unpause it with: airflow dags unpause {dag.dag_id}"
    return f"{told}."
