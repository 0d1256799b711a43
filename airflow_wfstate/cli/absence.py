"""What is known of a workflow that is not there: which DAGs start its name, and why they may not have done so yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from airflow_wfstate.domain.messages.starting_dag import StartingDag
from airflow_wfstate.domain.rules.text.counted import counted


@runtime_checkable
class _KnowsStartingDags(Protocol):
    """A way to the store that tells which DAGs start workflows of a name; the way by HTTP does not yet."""

    def list_starting_dags(self, name: str) -> list[StartingDag]: ...


def why_absent(store: object, names: Iterable[str]) -> str:
    """What is known, in sentences, and what would help; empty when nothing is.

    :param names: that the workflow may have.
    """
    if not isinstance(store, _KnowsStartingDags):
        return ""
    return " ".join(_sentence(name, dag) for name in names for dag in store.list_starting_dags(name))


def _sentence(name: str, dag: StartingDag) -> str:
    told = f"The DAG {dag.dag_id} starts workflows named {name!r}"
    if not dag.waiting:
        told += ", and none of its runs waits to start one"
    else:
        runs = ", ".join(dag.waiting_run_ids)
        more = f" and {dag.waiting - len(dag.waiting_run_ids)} more" if dag.waiting > len(dag.waiting_run_ids) else ""
        verb = "has" if dag.waiting == 1 else "have"
        told += f"; {counted(dag.waiting, 'run')} of it {verb} not started theirs yet ({runs}{more})"
    if dag.is_paused:
        told += f". The DAG is paused; unpause it with: airflow dags unpause {dag.dag_id}"
    return f"{told}."
