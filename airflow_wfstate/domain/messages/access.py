"""Who takes part in a workflow: all that a decision about access depends on."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState


@dataclass(frozen=True)
class WorkflowAccess:
    """What authorization reads of a workflow, however many runs and steps it has.

    :param id: of the workflow, in its canonical form.
    :param state: of the workflow when this was read.
    :param dags: the DAGs whose runs are linked to it, each with the role of those runs; a DAG may have several roles.
    :param participants: those that have begun a step of it; also where their runs are no longer linked.
    """

    id: str
    state: WorkflowState
    dags: frozenset[tuple[str, RunRole]]
    participants: frozenset[str]

    @property
    def taking_part(self) -> frozenset[str]:
        """Every DAG that is linked to the workflow or has begun a step of it: who may read one of them sees it."""
        return self.participants | {dag_id for dag_id, _ in self.dags}

    @property
    def owners(self) -> frozenset[str]:
        """The DAGs whose payload the workflow's input and output are."""
        return frozenset(dag_id for dag_id, role in self.dags if role is RunRole.OWNER)

    @property
    def concerned(self) -> frozenset[str]:
        """The DAGs that a change of the whole workflow acts on: all but those that are only guests."""
        return self.participants | {dag_id for dag_id, role in self.dags if role.decides}
