"""StateBackend: the operations on the store, independent of how they reach it.

There are two implementations: ``database.DatabaseBackend`` (directly on the tables) and ``api.ApiBackend`` (HTTP to the
api-server). One contract suite, tests/contract, covers both.
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

    Every write is one transaction. Sent again, it changes nothing and returns the same answer; with an
    ``idempotency_key``, it returns the first answer whatever has happened since. All methods raise
    :class:`~airflow_wfstate.exceptions.Unavailable` when the store does not answer after retries, and
    :class:`~airflow_wfstate.exceptions.AccessDenied` when the caller may not do it.

    Operations for tasks are in :class:`~airflow_wfstate.backends.task_backend.TaskBackend`, those for events of
    services in :class:`~airflow_wfstate.backends.event_backend.EventBackend`, those for webhook subscriptions in
    :class:`~airflow_wfstate.backends.subscription_backend.SubscriptionBackend`, all others here. To add an operation,
    declare it below its messages, add a method here that documents what it raises, list it in
    :mod:`airflow_wfstate.backends.operations`, and give it a transaction in
    :mod:`airflow_wfstate.backends.transactions`.
    """

    def plan_cancel(self, workflow_id: str, *, compensate: bool = False) -> messages.cancel.CancelPlan:
        """Show what :meth:`cancel_workflow` would do now, without changing anything.

        :raises WorkflowNotFound: no workflow has this id.
        :raises WorkflowClosed: the workflow may not be cancelled like this; see :meth:`cancel_workflow`.
        :raises AccessDenied: this backend cannot change runs (a worker that uses a connection of type ``postgres``).
        """
        return self.carry_out(messages.cancel.PLAN_CANCEL, messages.cancel.PlanCancel(workflow_id, compensate))

    def cancel_workflow(self, request: messages.cancel.CancelWorkflow) -> messages.cancel.CancelledWorkflow:
        """Cancel a workflow. One that has already ended stays as it is, and the answer says so.

        The same transaction sets every unfinished task of its owner and child runs to failed, except relays and other
        teardowns.

        :raises WorkflowNotFound: no workflow has this id.
        :raises WorkflowClosed: it is being compensated; or the cancel is to compensate it, and its compensation has
            failed or its pivot is done.
        :raises WorkflowChanged: its version is not ``if_version``.
        :raises AccessDenied: as for :meth:`plan_cancel`; or the caller may not change the runs of each DAG.
        """
        return self.carry_out(messages.cancel.CANCEL_WORKFLOW, request)

    def plan_compensate(
        self, workflow_id: str, code: messages.code.Code | None = None
    ) -> messages.compensate.CompensatePlan:
        """Show what :meth:`compensate_workflow` would do now, without changing anything.

        :param code: which code the relays use, as in
            :class:`~airflow_wfstate.domain.messages.compensate.CompensateWorkflow`.

        :raises WorkflowNotFound: no workflow has this id.
        :raises WorkflowClosed: the workflow may not be compensated; see :meth:`compensate_workflow`.
        :raises AccessDenied: this backend cannot change runs (a worker that uses a connection of type ``postgres``).
        """
        return self.carry_out(
            messages.compensate.PLAN_COMPENSATE, messages.compensate.PlanCompensate(workflow_id, code)
        )

    def compensate_workflow(
        self, request: messages.compensate.CompensateWorkflow
    ) -> messages.compensate.CompensatedWorkflow:
        """Undo what a workflow did, newest step first. A succeeded workflow can be compensated, too.

        A running or failed workflow is first ended as by :meth:`cancel_workflow`. In a compensation_failed workflow,
        the failed compensations are tried again. A workflow that is compensating or compensated, or has nothing to
        undo, stays as it is, and the answer says so.

        :raises WorkflowNotFound: no workflow has this id.
        :raises WorkflowClosed: it was cancelled, or its pivot is done.
        :raises WorkflowChanged: its version is not ``if_version``.
        :raises AccessDenied: as for :meth:`plan_compensate`; or the caller may not change the runs of each DAG.
        """
        return self.carry_out(messages.compensate.COMPENSATE_WORKFLOW, request)

    def decide_compensation(
        self, request: messages.compensate.DecideCompensation
    ) -> messages.compensate.DecidedCompensation:
        """Apply an operator's decision about the compensation of one step, and let the workflow continue.

        The workflow stays compensation_failed while another of its compensations is failed, unless the decision is to
        retry.

        :raises WorkflowNotFound: no workflow has this id.
        :raises WorkflowClosed: it is not being compensated, or the step's compensation is running.
        :raises StepNotFound: no such step has anything to undo.
        :raises InvalidRequest: no reason is given, or several steps have that name.
        :raises WorkflowChanged: its version is not ``if_version``.
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
        """Show what :meth:`resume_workflow` would do now, without changing anything.

        For a workflow that may not be resumed, the plan says that it is not allowed, and why.

        :param from_step: ``step``, ``participant.step`` or ``participant[place].step`` to restart from; None to resume
            the unfinished steps.
        :param code: as in :class:`~airflow_wfstate.domain.messages.resume.ResumeWorkflow`; so are the other parameters.
        :raises WorkflowNotFound: no workflow has this id.
        :raises StepNotFound: no step named ``from_step`` has begun.
        :raises InvalidRequest: several steps have that name, or a rename or a new step names no step.
        :raises AccessDenied: this backend cannot change runs (a worker that uses a connection of type ``postgres``).
        """
        return self.carry_out(
            messages.resume.PLAN_RESUME,
            messages.resume.PlanResume(workflow_id, from_step, code, renames or {}, list(new_steps)),
        )

    def resume_workflow(self, request: messages.resume.ResumeWorkflow) -> messages.resume.ResumedWorkflow:
        """Resume a failed workflow, or restart a failed or succeeded one from a step.

        The same transaction clears the tasks that must run again and the relays of their runs, and creates missing runs
        again. Resuming a running or succeeded workflow changes nothing, and the answer says so.

        :raises WorkflowNotFound: no workflow has this id.
        :raises StepNotFound: no step named ``from_step`` has begun.
        :raises InvalidRequest: several steps have that name, or the deadline is out of range.
        :raises WorkflowClosed: its state allows neither.
        :raises Conflict: a run that it needs is gone and cannot be created again, a task is still running, or the
            caller must first say whether a finished step was renamed.
        :raises WorkflowChanged: its version is not ``if_version``.
        :raises AccessDenied: as for :meth:`plan_resume`; or the caller may not change the runs of each DAG.
        """
        return self.carry_out(
            messages.resume.RESUME_WORKFLOW if request.from_step is None else messages.resume.RESTART_WORKFLOW, request
        )

    def get_workflow(self, workflow_id: str, *, step_limit: int = 200) -> reading.detail.WorkflowDetail:
        """Get one workflow: its progress, its runs, its steps by group, and the first page of its steps.

        :param step_limit: how many steps the page has, at most 1000; 0 for none.
        :raises WorkflowNotFound: no workflow has this id.
        :raises InvalidRequest: the limit is out of range.
        """
        return self.carry_out(reading.detail.GET_WORKFLOW, reading.detail.GetWorkflow(workflow_id, step_limit))

    def get_graph(self, workflow_id: str, skip: int = 0) -> reading.graph.WorkflowGraph:
        """Get the graph of a workflow: up to 50 of its runs, their tasks and steps, and the order between them.

        The cost follows the size of the answer: a mapped task is one node, however many items it has.

        :param skip: how many runs to skip, in the order in which they joined.
        :raises WorkflowNotFound: no workflow has this id.
        :raises InvalidRequest: ``skip`` is out of range.
        """
        return self.carry_out(reading.graph.GET_GRAPH, reading.graph.GetGraph(workflow_id, skip))

    def read_density(self, workflow_id: str, buckets: int = 60) -> reading.density.WorkflowDensity:
        """Count how many items of each mapped step were running over time.

        :param buckets: how many intervals each step's time is divided into, 1 to 500.
        :raises WorkflowNotFound: no workflow has this id.
        :raises InvalidRequest: ``buckets`` is out of range.
        """
        return self.carry_out(reading.density.READ_DENSITY, reading.density.ReadDensity(workflow_id, buckets))

    def list_workflows(self, query: messages.workflow_query.WorkflowQuery) -> messages.workflow.WorkflowPage:
        """List a page of workflows, in the order of the query.

        :raises InvalidRequest: the limit or the cursor is not valid, the cursor belongs to another list, or a time has
            no time zone.
        """
        return self.carry_out(messages.workflow.LIST_WORKFLOWS, query)

    def read_stats(
        self, query: messages.workflow_query.WorkflowQuery, bucket_seconds: int | None = None
    ) -> reading.stats.WorkflowStats:
        """Count the workflows that match a query. The order, limit and cursor of the query are ignored.

        :param bucket_seconds: also count them by start time, in intervals of this many seconds from the query's
            ``since`` to its ``until``; None to leave this out.
        :raises InvalidRequest: there would be more than 1000 intervals, ``since`` or ``until`` is missing, or a time
            has no time zone.
        """
        return self.carry_out(reading.stats.READ_STATS, reading.stats.ReadStats(query, bucket_seconds))

    def read_name_stats(self, query: messages.workflow_query.WorkflowQuery) -> reading.name_stats.NameStats:
        """Get statistics about the workflows that match a query. The order, limit and cursor of the query are ignored.

        :param query: must have a name. ``until`` defaults to now, ``since`` to seven days before ``until``.
        :raises InvalidRequest: it has no name, a time has no time zone, or the window is empty.
        """
        return self.carry_out(reading.name_stats.READ_NAME_STATS, reading.name_stats.ReadNameStats(query))

    def list_starting_dags(self, name: str) -> list[messages.starting_dag.StartingDag]:
        """List the DAGs that start workflows of this name, by id, with their runs that have not started one yet.

        These are the DAGs that have started such a workflow before, and those with a run that waits to start one.

        :raises AccessDenied: this backend cannot ask Airflow for its DAGs (a worker that uses a connection of type
            ``postgres``).
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
        """List steps after the one with the id ``after``, ordered by identity; at most ``limit`` (1 to 1000).

        :param wanted: a filter; None for all steps.
        :raises WorkflowNotFound: no workflow has this id.
        :raises InvalidRequest: the limit is out of range, or ``after`` is not a step of the workflow.
        """
        return self.carry_out(
            reading.pages.LIST_STEPS,
            reading.pages.ListSteps(workflow_id, wanted or reading.pages.StepFilter(), after, limit),
        )

    def get_step(self, workflow_id: str, step_id: str) -> messages.step.StepSummary:
        """Get one step.

        :raises WorkflowNotFound: no workflow has this id.
        :raises StepNotFound: the workflow has no step with this id.
        """
        return self.carry_out(reading.pages.GET_STEP, reading.pages.GetStep(workflow_id, step_id))

    def list_checkpoints(
        self, workflow_id: str, step_id: str, after: str | None = None, limit: int = 200
    ) -> reading.pages.CheckpointPage:
        """List checkpoints after ``after`` (``round:name``), ordered by round and name; at most ``limit`` (1 to 1000).

        :raises WorkflowNotFound: no workflow has this id.
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
        """List compensations in the order in which they run, from ``before`` on; at most ``limit`` (1 to 1000).

        :param before: only compensations whose round's last journal entry has a lower number; None for all.
        :param wanted: a filter; None for all compensations.
        :raises WorkflowNotFound: no workflow has this id.
        :raises InvalidRequest: the limit is out of range, or there is no such number.
        """
        wanted = wanted or reading.pages.CompensationFilter()
        return self.carry_out(
            reading.pages.LIST_COMPENSATIONS, reading.pages.ListCompensations(workflow_id, wanted, before, limit)
        )

    def read_task_activity(self, request: reading.task_activity.ReadTaskActivity) -> reading.task_activity.TaskActivity:
        """Get what a task did in a workflow besides attempts of steps; empty for an unknown task.

        :raises WorkflowNotFound: no workflow has this id.
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
        """List journal entries with a number above ``after``, oldest first; at most ``limit`` (1 to 1000).

        :param wanted: a filter; None for all entries.
        :param with_total: also count all entries of the journal.
        :raises WorkflowNotFound: no workflow has this id.
        :raises InvalidRequest: the limit is out of range, or the workflow has no such step.
        """
        return self.carry_out(
            reading.journal.READ_JOURNAL,
            reading.journal.ReadJournal(
                workflow_id, wanted or reading.journal.JournalFilter(), after, limit, with_total
            ),
        )

    def apply_definition(self, request: messages.definition.ApplyDefinition) -> messages.definition.DefinitionApplied:
        """Put a definition in force for the workflows of its name. It takes effect at their next start or resume.

        If the content has not changed, the current version stays in force, and the answer says so. Applying the content
        of an older version again makes a new version.

        :raises InvalidDefinition: the text is not a definition; the reason lists every error with its line and column.
        :raises InvalidRequest: it declares a definition of another name.
        :raises DefinitionChanged: another version than ``if_version`` is in force.
        :raises AccessDenied: the caller may not change the runs of every DAG.
        """
        return self.carry_out(messages.definition.APPLY_DEFINITION, request)

    def get_definition(self, name: str, number: int | None = None) -> messages.definition.DefinitionDetail:
        """Get the definition in force for the workflows of a name, or an earlier version.

        :param number: number of the version; None for the one in force.
        :raises DefinitionNotFound: no definition was applied, or no version has this number.
        """
        return self.carry_out(messages.definition.GET_DEFINITION, messages.definition.GetDefinition(name, number))

    def list_definitions(self, after: str | None = None, limit: int = 200) -> messages.definition.DefinitionPage:
        """List the definitions in force, by name, after the name ``after``; at most ``limit`` (1 to 1000).

        :raises InvalidRequest: the limit is out of range, or ``after`` is not a valid name.
        """
        return self.carry_out(messages.definition.LIST_DEFINITIONS, messages.definition.ListDefinitions(after, limit))

    def list_definition_versions(
        self, name: str, before: int | None = None, limit: int = 200
    ) -> messages.definition.DefinitionVersionPage:
        """List the versions that were applied to a name, newest first; at most ``limit`` (1 to 1000).

        :param before: only versions with a lower number; None for all.
        :raises DefinitionNotFound: no definition was applied.
        :raises InvalidRequest: the limit is out of range.
        """
        return self.carry_out(
            messages.definition.LIST_DEFINITION_VERSIONS,
            messages.definition.ListDefinitionVersions(name, before, limit),
        )

    @abstractmethod
    def sweep(self, request: messages.sweep_report.StartSweep | None = None) -> messages.sweep_report.SweepReport:
        """Run one pass of the sweep now, unless another is in progress.

        :param request: with an idempotency key, the report is kept and returned again; None to keep nothing.
        """

    @abstractmethod
    def check(self) -> str:
        """Reach the store, and return one line that says what answered. Raises the same errors as all other methods."""
