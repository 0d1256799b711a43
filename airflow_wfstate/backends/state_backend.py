"""StateBackend: what can be asked of the store, whichever way leads there.

Two ways carry it out: ``database.DatabaseBackend`` (straight to the tables) and ``api.ApiBackend`` (HTTP to the
api-server). One contract suite, tests/contract, holds for both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from airflow_wfstate.backends.event_backend import EventBackend
from airflow_wfstate.backends.subscription_backend import SubscriptionBackend
from airflow_wfstate.domain import messages
from airflow_wfstate.domain.messages import reading


class StateBackend(EventBackend, SubscriptionBackend):
    """The durable state of workflows.

    Every write is one transaction, and can be sent again: it then changes nothing and gets the same answer; with an
    ``idempotency_key``, that answer whatever has happened since. All methods raise
    :class:`~airflow_wfstate.exceptions.Unavailable` when the store does not answer after retries, and
    :class:`~airflow_wfstate.exceptions.AccessDenied` when the caller may not do it.

    What tasks ask stands in :class:`~airflow_wfstate.backends.task_backend.TaskBackend`, what concerns events of
    services in :class:`~airflow_wfstate.backends.event_backend.EventBackend`, what is asked of subscriptions in
    :class:`~airflow_wfstate.backends.subscription_backend.SubscriptionBackend`, what else people ask here. A new
    operation is declared below its messages, gets a method here that says what it raises, a place in
    :mod:`airflow_wfstate.backends.operations`, and a transaction in :mod:`airflow_wfstate.backends.transactions`.
    """

    def plan_cancel(self, workflow_id: str, *, compensate: bool = False) -> messages.cancel.CancelPlan:
        """What :meth:`cancel_workflow` would do now. Nothing is changed.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: the workflow may not be cancelled so; as for :meth:`cancel_workflow`.
        :raises AccessDenied: this way cannot change runs (a worker by a connection of type ``postgres``).
        """
        return self.carry_out(messages.cancel.PLAN_CANCEL, messages.cancel.PlanCancel(workflow_id, compensate))

    def cancel_workflow(self, request: messages.cancel.CancelWorkflow) -> messages.cancel.CancelledWorkflow:
        """End a workflow before its time; one that has ended stays as it is, and the answer says so.

        In the same transaction every unfinished task of its owner and child runs is set to failed, but for relays
        and other teardowns.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: it is being compensated; or that has failed, or its pivot is done, and it is to be
            compensated.
        :raises WorkflowChanged: it is not in the version ``if_version``.
        :raises AccessDenied: as for :meth:`plan_cancel`; or the caller may not change the runs of each DAG.
        """
        return self.carry_out(messages.cancel.CANCEL_WORKFLOW, request)

    def plan_compensate(
        self, workflow_id: str, code: messages.code.Code | None = None
    ) -> messages.compensate.CompensatePlan:
        """What :meth:`compensate_workflow` would do now. Nothing is changed.

        :param code: which code relays shall use, as in
            :class:`~airflow_wfstate.domain.messages.compensate.CompensateWorkflow`.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: the workflow may not be undone; as for :meth:`compensate_workflow`.
        :raises AccessDenied: this way cannot change runs (a worker by a connection of type ``postgres``).
        """
        return self.carry_out(
            messages.compensate.PLAN_COMPENSATE, messages.compensate.PlanCompensate(workflow_id, code)
        )

    def compensate_workflow(
        self, request: messages.compensate.CompensateWorkflow
    ) -> messages.compensate.CompensatedWorkflow:
        """Undo what a workflow did, newest step first, also one that has succeeded.

        One that runs or has failed is ended as by :meth:`cancel_workflow`. In one that is compensation_failed, what
        failed is tried again. One that is being undone, is compensated, or has nothing to undo stays as it is, and
        the answer says so.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: it was cancelled, or its pivot is done.
        :raises WorkflowChanged: it is not in the version ``if_version``.
        :raises AccessDenied: as for :meth:`plan_compensate`; or the caller may not change the runs of each DAG.
        """
        return self.carry_out(messages.compensate.COMPENSATE_WORKFLOW, request)

    def decide_compensation(
        self, request: messages.compensate.DecideCompensation
    ) -> messages.compensate.DecidedCompensation:
        """Carry out a person's decision about the undo of one step, and let the workflow go on.

        The workflow stays compensation_failed while another undo of it has failed, unless the decision is to retry.

        :raises WorkflowNotFound: there is none with this id.
        :raises WorkflowClosed: it is not being compensated; or the step is being undone at this moment.
        :raises StepNotFound: nothing is to be undone for such a step.
        :raises InvalidRequest: no reason is given; or several steps have that name.
        :raises WorkflowChanged: it is not in the version ``if_version``.
        :raises AccessDenied: as for :meth:`compensate_workflow`.
        """
        return self.carry_out(messages.compensate.DECIDE_COMPENSATION, request)

    def plan_resume(
        self,
        workflow_id: str,
        from_step: str | None = None,
        code: messages.code.Code | None = None,
        *,
        renames: Mapping[str, str] | None = None,
        new_steps: Sequence[str] = (),
    ) -> messages.resume.ResumePlan:
        """What :meth:`resume_workflow` would do now. Nothing is changed.

        A workflow that may not be resumed gets a plan that is not allowed, with the reason.

        :param from_step: ``step``, ``participant.step`` or ``participant[place].step`` to restart from; None to resume
            what is unfinished.
        :param code: as in :class:`~airflow_wfstate.domain.messages.resume.ResumeWorkflow`, and so the others.
        :raises WorkflowNotFound: there is none with this id.
        :raises StepNotFound: no step named ``from_step`` has begun.
        :raises InvalidRequest: several steps have that name; or a rename, or a new step, names none.
        :raises AccessDenied: this way cannot change runs (a worker by a connection of type ``postgres``).
        """
        return self.carry_out(
            messages.resume.PLAN_RESUME,
            messages.resume.PlanResume(workflow_id, from_step, code, renames or {}, list(new_steps)),
        )

    def resume_workflow(self, request: messages.resume.ResumeWorkflow) -> messages.resume.ResumedWorkflow:
        """Set a failed workflow going again, or restart a failed or succeeded one from a step.

        In the same transaction the tasks that are to run again are cleared, with the relays of their runs, and what
        is gone is created again. A resume of a workflow that is running or has succeeded changes nothing, and the
        answer says so.

        :raises WorkflowNotFound: there is none with this id.
        :raises StepNotFound: no step named ``from_step`` has begun.
        :raises InvalidRequest: several steps have that name; or the deadline is out of range.
        :raises WorkflowClosed: its state allows neither.
        :raises Conflict: a run that it needs is gone and cannot be created again, or a task is still at work; or it
            must be said first whether a step that is done was renamed.
        :raises WorkflowChanged: it is not in the version ``if_version``.
        :raises AccessDenied: as for :meth:`plan_resume`; or the caller may not change the runs of each DAG.
        """
        return self.carry_out(
            messages.resume.RESUME_WORKFLOW if request.from_step is None else messages.resume.RESTART_WORKFLOW, request
        )

    def get_workflow(self, workflow_id: str, *, step_limit: int = 200) -> reading.detail.WorkflowDetail:
        """Where one workflow stands: its progress, its runs, its steps by group, and the first page of its steps.

        :param step_limit: of that page, at most 1000; 0 for no steps at all.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: the limit is out of range.
        """
        return self.carry_out(reading.detail.GET_WORKFLOW, reading.detail.GetWorkflow(workflow_id, step_limit))

    def get_graph(self, workflow_id: str, skip: int = 0) -> reading.graph.WorkflowGraph:
        """The runs that take part, at most 50 of them, their tasks and steps, and what follows what.

        It costs what it answers: a mapped task is one node, whatever its number of items.

        :param skip: how many runs to leave out, those that joined first.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: ``skip`` is out of range.
        """
        return self.carry_out(reading.graph.GET_GRAPH, reading.graph.GetGraph(workflow_id, skip))

    def read_density(self, workflow_id: str, buckets: int = 60) -> reading.density.WorkflowDensity:
        """How many items of each mapped step were at work when.

        :param buckets: into how many stretches the time of each step is divided, 1 to 500.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: ``buckets`` is out of range.
        """
        return self.carry_out(reading.density.READ_DENSITY, reading.density.ReadDensity(workflow_id, buckets))

    def list_workflows(self, query: messages.workflow_query.WorkflowQuery) -> messages.workflow.WorkflowPage:
        """A page of workflows, in the order of the query.

        :raises InvalidRequest: the limit or the cursor is none, or the cursor is of another list; a time has no zone.
        """
        return self.carry_out(messages.workflow.LIST_WORKFLOWS, query)

    def read_stats(
        self, query: messages.workflow_query.WorkflowQuery, bucket_seconds: int | None = None
    ) -> reading.stats.WorkflowStats:
        """Count the workflows that match a query, whose order, limit and cursor do not matter.

        :param bucket_seconds: also count them by their start, in stretches of so many seconds from the query's
            ``since`` to its ``until``; None for none.
        :raises InvalidRequest: more than 1000 stretches, or without beginning or end; a time has no zone.
        """
        return self.carry_out(reading.stats.READ_STATS, reading.stats.ReadStats(query, bucket_seconds))

    def read_name_stats(self, query: messages.workflow_query.WorkflowQuery) -> reading.name_stats.NameStats:
        """How the workflows that match a query have fared, whose order, limit and cursor do not matter.

        :param query: with a name; without ``until`` up to now, without ``since`` the seven days before.
        :raises InvalidRequest: it has no name; a time has no zone, or the window is empty.
        """
        return self.carry_out(reading.name_stats.READ_NAME_STATS, reading.name_stats.ReadNameStats(query))

    def list_starting_dags(self, name: str) -> list[messages.starting_dag.StartingDag]:
        """The DAGs that start workflows of this name, by id, with their runs that have not started theirs yet.

        Known are DAGs that started such a workflow before, and those of which a run waits to start one.

        :raises AccessDenied: this way cannot ask Airflow for its DAGs (a worker by a connection of type ``postgres``).
        """
        return self.carry_out(
            messages.starting_dag.LIST_STARTING_DAGS, messages.starting_dag.ListStartingDags(name)
        ).dags

    def list_steps(
        self,
        workflow_id: str,
        after: str | None = None,
        limit: int = 200,
        wanted: reading.pages.StepFilter | None = None,
    ) -> reading.pages.StepPage:
        """Steps behind the one with the id ``after``, by what tells them apart; at most ``limit`` (1 to 1000).

        :param wanted: only those; None for all.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: the limit is out of range, or ``after`` is no step of the workflow.
        """
        return self.carry_out(
            reading.pages.LIST_STEPS,
            reading.pages.ListSteps(workflow_id, wanted or reading.pages.StepFilter(), after, limit),
        )

    def get_step(self, workflow_id: str, step_id: str) -> messages.step.StepSummary:
        """One step.

        :raises WorkflowNotFound: there is none with this id.
        :raises StepNotFound: the workflow has no step with this id.
        """
        return self.carry_out(reading.pages.GET_STEP, reading.pages.GetStep(workflow_id, step_id))

    def list_checkpoints(
        self, workflow_id: str, step_id: str, after: str | None = None, limit: int = 200
    ) -> reading.pages.CheckpointPage:
        """Checkpoints of a step behind ``after`` (``round:name``), by round and name; at most ``limit`` (1 to 1000).

        :raises WorkflowNotFound: there is none with this id.
        :raises StepNotFound: the workflow has no step with this id.
        :raises InvalidRequest: the limit is out of range, or ``after`` names no checkpoint.
        """
        return self.carry_out(
            reading.pages.LIST_CHECKPOINTS, reading.pages.ListCheckpoints(workflow_id, step_id, after, limit)
        )

    def list_compensations(
        self,
        workflow_id: str,
        before: int | None = None,
        limit: int = 200,
        wanted: reading.pages.CompensationFilter | None = None,
    ) -> reading.pages.CompensationPage:
        """Compensations in the order in which they are undone, from ``before`` on; at most ``limit`` (1 to 1000).

        :param before: only those whose round's last journal entry has a lower number; None for all.
        :param wanted: only those; None for all.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: the limit is out of range, or there is no such number.
        """
        wanted = wanted or reading.pages.CompensationFilter()
        return self.carry_out(
            reading.pages.LIST_COMPENSATIONS, reading.pages.ListCompensations(workflow_id, wanted, before, limit)
        )

    def read_task_activity(self, request: reading.task_activity.ReadTaskActivity) -> reading.task_activity.TaskActivity:
        """What a task did in a workflow beside attempts of steps; of an unknown task: nothing.

        :raises WorkflowNotFound: there is none with this id.
        """
        return self.carry_out(reading.task_activity.READ_TASK_ACTIVITY, request)

    def read_journal(
        self,
        workflow_id: str,
        after: int = 0,
        limit: int = 200,
        wanted: reading.journal.JournalFilter | None = None,
        *,
        with_total: bool = False,
    ) -> reading.journal.JournalPage:
        """Entries with a number above ``after``, ascending; at most ``limit`` (1 to 1000).

        :param wanted: only those; None for all.
        :param with_total: also tell how many entries the journal has altogether.
        :raises WorkflowNotFound: there is none with this id.
        :raises InvalidRequest: the limit is out of range, or the workflow has no such step.
        """
        return self.carry_out(
            reading.journal.READ_JOURNAL,
            reading.journal.ReadJournal(
                workflow_id, wanted or reading.journal.JournalFilter(), after, limit, with_total
            ),
        )

    def apply_definition(self, request: messages.definition.ApplyDefinition) -> messages.definition.DefinitionApplied:
        """Put a definition in force for the workflows of its name, from their next start or resume on.

        One of the same content stays in force, and the answer says so; an older content becomes a version of its own.

        :raises InvalidDefinition: the text declares none; the reason names every error with its line and column.
        :raises InvalidRequest: it declares one of another name.
        :raises DefinitionChanged: another version than ``if_version`` is in force.
        :raises AccessDenied: the caller may not change the runs of every DAG.
        """
        return self.carry_out(messages.definition.APPLY_DEFINITION, request)

    def get_definition(self, name: str, number: int | None = None) -> messages.definition.DefinitionDetail:
        """The definition in force for the workflows of a name.

        :param number: of the version; None for the one in force.
        :raises DefinitionNotFound: none was applied, or none has this number.
        """
        return self.carry_out(messages.definition.GET_DEFINITION, messages.definition.GetDefinition(name, number))

    def list_definitions(self, after: str | None = None, limit: int = 200) -> messages.definition.DefinitionPage:
        """Definitions in force, by name, behind the name ``after``; at most ``limit`` (1 to 1000).

        :raises InvalidRequest: the limit is out of range, or ``after`` is no name.
        """
        return self.carry_out(messages.definition.LIST_DEFINITIONS, messages.definition.ListDefinitions(after, limit))

    def list_definition_versions(
        self, name: str, before: int | None = None, limit: int = 200
    ) -> messages.definition.DefinitionVersionPage:
        """The versions of a name that were applied, the newest first; at most ``limit`` (1 to 1000).

        :param before: only those with a lower number; None for all.
        :raises DefinitionNotFound: none was applied.
        :raises InvalidRequest: the limit is out of range.
        """
        return self.carry_out(
            messages.definition.LIST_DEFINITION_VERSIONS,
            messages.definition.ListDefinitionVersions(name, before, limit),
        )

    @abstractmethod
    def sweep(self, request: messages.sweep_report.StartSweep | None = None) -> messages.sweep_report.SweepReport:
        """Make one pass of the sweep now, unless another is under way. None: a pass that nothing is remembered of."""

    @abstractmethod
    def check(self) -> str:
        """Reach the store, and say in one line what answered. Raises like every method."""
