"""A DAG that starts workflows of a name: what is known where there is no workflow yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import Operation, Who


@dataclass(frozen=True)
class StartingDag:
    """A DAG that starts workflows of a name.

    :param is_paused: as Airflow has it; False of a DAG that Airflow has forgotten.
    :param waiting: how many of its runs are queued, or at work, and have not started their workflow yet.
    :param waiting_run_ids: of these runs, at most five, the oldest first.
    """

    dag_id: str
    is_paused: bool
    waiting: int = 0
    waiting_run_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StartingDags:
    """The DAGs that start workflows of a name.

    :param dags: by their id; empty when none is known.
    """

    dags: list[StartingDag]


@dataclass(frozen=True)
class ListStartingDags:
    """The request for the DAGs that start workflows of a name.

    :param readable_dag_ids: only these DAGs are looked at; None for all.
    """

    name: str = field(metadata=asked("The name of the workflows", is_filter=False))
    readable_dag_ids: frozenset[str] | None = field(
        default=None,
        metadata=asked(
            "Narrows the DAGs that the caller may read to these",
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
    says="The DAGs that start workflows of a name, of those that the caller may read, and their runs that have not "
    "started theirs yet: what explains that a workflow is not there.",
    who=Who.LISTER,
    tag="workflows",
    has_tag=True,
    needs_server=True,
)
