"""A DAG that starts workflows of a name: what is known where there is no workflow yet."""

from __future__ import annotations

from dataclasses import dataclass, field


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
