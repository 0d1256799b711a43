"""Who takes part in a workflow: everything that access decisions depend on."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState


@dataclass(frozen=True)
class WorkflowAccess:
    """What authorization reads about a workflow, regardless of how many runs and steps it has.

    :param id: the workflow's id in canonical form.
    :param state: the workflow's state when this was read.
    :param dags: the DAGs with linked runs, each with the role of those runs. A DAG may have several roles.
    :param participants: the participants that have begun a step, even if their runs are no longer linked.
    """

    id: str
    state: WorkflowState
    dags: frozenset[tuple[str, RunRole]]
    participants: frozenset[str]

    @property
    def taking_part(self) -> frozenset[str]:
        """Every DAG that is linked to the workflow or has begun a step. Readers of one of them may see the workflow."""
        return self.participants | {dag_id for dag_id, _ in self.dags}

    @property
    def owners(self) -> frozenset[str]:
        """The DAGs that the workflow's input and output belong to."""
        return frozenset(dag_id for dag_id, role in self.dags if role is RunRole.OWNER)

    @property
    def concerned(self) -> frozenset[str]:
        """The DAGs that an action on the whole workflow affects: all except guests."""
        return self.participants | {dag_id for dag_id, role in self.dags if role.decides}
