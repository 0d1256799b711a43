"""The DAGs that start workflows of a name, which is what is known before a workflow exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import Operation, Who


@dataclass(frozen=True)
class StartingDag:
    """A DAG that starts workflows of a name.

    :param is_paused: whether it is paused in Airflow; False for a DAG that Airflow no longer knows.
    :param waiting: how many of its runs are queued or running, and have not started their workflow yet.
    :param waiting_run_ids: the ids of at most five of these runs, oldest first.
    """

    dag_id: str
    is_paused: bool
    waiting: int = 0
    waiting_run_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StartingDags:
    """The DAGs that start workflows of a name.

    :param dags: the DAGs, by id; empty if none is known.
    """

    dags: list[StartingDag]


@dataclass(frozen=True)
class ListStartingDags:
    """The request for the DAGs that start workflows of a name.

    :param readable_dag_ids: consider only these DAGs; None for all.
    """

    name: str = field(metadata=asked("The name of the workflows", is_filter=False))
    readable_dag_ids: frozenset[str] | None = field(
        default=None,
        metadata=asked(
            "Restrict the DAGs that the caller may read to these",
            parameter="readable_dag_id",
            has_option=False,
            parse=frozenset,
        ),
    )


LIST_STARTING_DAGS: Final = Operation(
    name="list_starting_dags",
    method="GET",
    path="/starting-dags",
    request=ListStartingDags,
    answer=StartingDags,
    says="List the DAGs that start workflows of a name and that the caller may read, with their runs that have not "
    "started one yet. This can explain why a workflow does not exist.",
    who=Who.LISTER,
    tag="workflows",
    has_tag=True,
    needs_server=True,
)
