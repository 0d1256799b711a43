"""A workflow as a tree: DAG runs and services, their steps, and the attempts, checkpoints and undo of each step.

A run that a step triggered appears below that step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Final, TypeAlias

from rich.text import Text
from rich.tree import Tree

from airflow_wfstate.cli.printing.rendering import exact_duration, shortened
from airflow_wfstate.cli.printing.shown_state import LEFT_OUT, counts_text, telling_line
from airflow_wfstate.cli.printing.state_style import styled_state
from airflow_wfstate.domain.messages.compensation import CompensationSummary
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.reading.pending_wait import PendingWait
from airflow_wfstate.domain.messages.reading.step_group import StepGroup
from airflow_wfstate.domain.messages.step import AttemptSummary, StepSummary
from airflow_wfstate.domain.messages.workflow import LinkedRun
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.text.characters import shown_text
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.domain.rules.text.readable_json import readable_json

_LONGEST_OUTPUT: Final = 60

_Work: TypeAlias = "StepSummary | StepGroup"


def workflow_trees(workflow: WorkflowDetail) -> list[Tree]:
    """A tree for each run that no step of the workflow triggered, in the order in which they joined, then the services.

    :param workflow: the workflow, with only those of its steps that are not mapped.
    """
    return _Forest(workflow).grow()


class _Forest:
    def __init__(self, workflow: WorkflowDetail) -> None:
        self._runs = workflow.runs
        work: list[_Work] = [*workflow.steps, *(group for group in workflow.step_groups if group.is_mapped)]
        self._by_run: defaultdict[tuple[str, str], list[_Work]] = defaultdict(list)
        self._without_run: list[_Work] = []
        self._by_service: defaultdict[str, list[StepSummary]] = defaultdict(list)
        self._waits = workflow.waits
        for one in sorted(work, key=lambda one: one.started_at):
            if isinstance(one, StepSummary) and one.is_of_service:
                self._by_service[one.participant].append(one)
                continue
            run = self._run_of(one)
            (self._without_run if run is None else self._by_run[run]).append(one)
        steps = {step.id for step in workflow.steps}
        self._below: defaultdict[str, list[LinkedRun]] = defaultdict(list)
        self._roots: list[LinkedRun] = []
        for linked in self._runs:
            parents = {one.parent_step_id for one in self._by_run[_key(linked)]}
            parent = parents.pop() if len(parents) == 1 else None
            if parent in steps and not self._is_own(linked, parent):
                self._below[parent].append(linked)
            else:
                self._roots.append(linked)

    def grow(self) -> list[Tree]:
        trees = [self._grow_run(run) for run in self._roots]
        silent = [wait for wait in self._waits if not wait.has_begun]
        for service in dict.fromkeys([*self._by_service, *(wait.participant for wait in silent)]):
            trees.append(Tree(Text.assemble((shown_text(service), "bold"), " (service)")))
            for step in self._by_service[service]:
                self._add(trees[-1], step)
            for wait in silent:
                if wait.participant == service:
                    trees[-1].add(Text(shown_text(f"{wait.name} not reported yet, waiting for it"), style="dim"))
        if self._without_run:
            trees.append(Tree(Text("without a run", style="dim")))
            for one in self._without_run:
                self._add(trees[-1], one)
        return trees

    def _run_of(self, work: _Work) -> tuple[str, str] | None:
        """The run that executed it last; for a mapped step, the first run of its DAG."""
        if isinstance(work, StepSummary) and work.attempts:
            last = work.attempts[-1]
            if any(_key(run) == (last.dag_id, last.run_id) for run in self._runs):
                return last.dag_id, last.run_id
        return next((_key(run) for run in self._runs if run.dag_id == work.participant), None)

    def _is_own(self, run: LinkedRun, step_id: str | None) -> bool:
        """Whether a step belongs to the run itself, because a tree must not be attached to its own branch."""
        return any(isinstance(one, StepSummary) and one.id == step_id for one in self._by_run[_key(run)])

    def _grow_run(self, run: LinkedRun, below: Tree | None = None) -> Tree:
        label = Text.assemble((shown_text(run.dag_id), "bold"), f" {shown_text(run.run_id)} ({run.role.value}) ")
        label.append(styled_state(run.state) if run.state else Text("does not exist", style="red"))
        tree = Tree(label) if below is None else below.add(label)
        for one in self._by_run[_key(run)]:
            self._add(tree, one)
        return tree

    def _add(self, tree: Tree, work: _Work) -> None:
        if isinstance(work, StepGroup):
            tree.add(_group_label(work))
            return
        branch = tree.add(_step_label(work))
        for wait in self._waits:
            if wait.has_begun and _is_of(wait, work):
                branch.add(Text(shown_text(f"waits for {wait.what or 'something that you may not see'}"), style="dim"))
        for text in _details(work):
            branch.add(text)
        for run in self._below.pop(work.id, []):
            self._grow_run(run, branch)


def _is_of(wait: PendingWait, step: StepSummary) -> bool:
    """Whether the wait belongs to the step; for a running service, its name decides."""
    if wait.step_id is not None:
        return wait.step_id == step.id
    return step.is_of_service and (wait.participant, wait.name) == (step.participant, step.name)


def _key(run: LinkedRun) -> tuple[str, str]:
    return run.dag_id, run.run_id


def _group_label(group: StepGroup) -> Text:
    label = Text(shown_text(f"{group.called.brief} ({counted(group.items, 'item')}) "))
    label.append(counts_text(group), style=styled_state(group.state.value).style)
    if line := telling_line(group.error):
        label.append(shown_text(f": {line}"), style="red")
    return label


def _step_label(step: StepSummary) -> Text:
    label = Text(f"{shown_text(step.called.brief)} ").append(styled_state(step.state.value))
    if step.round > 1:
        label.append(f", round {step.round}")
    if len(step.attempts) == 1:
        label.append(_lasted(step.attempts[0].started_at, step.attempts[0].ended_at))
    elif step.is_of_service and step.state is StepState.SUCCEEDED and step.updated_at > step.started_at:
        label.append(_lasted(step.started_at, step.updated_at))
    if step.output is not None:
        label.append(shown_text(f" -> {shortened(readable_json(step.output.text), _LONGEST_OUTPUT)}"), style="dim")
    elif step.output_left_out:
        label.append(f" -> {LEFT_OUT}", style="dim")
    if len(step.attempts) <= 1 and step.state in (StepState.FAILED, StepState.LOST):
        label.append(shown_text(f": {telling_line(step.error) or ''}"), style="red")
    return label


def _details(step: StepSummary) -> Iterator[Text]:
    if len(step.attempts) > 1:
        yield from (_attempt_label(attempt) for attempt in step.attempts)
    for checkpoint in step.checkpoints:
        yield Text(
            shown_text(f"checkpoint {checkpoint.name}: {checkpoint.type}, {counted(checkpoint.size, 'byte')}"),
            style="dim",
        )
    yield from (_undo_label(compensation) for compensation in step.compensations)


def _attempt_label(attempt: AttemptSummary) -> Text:
    label = Text(f"attempt {attempt.number} ").append(styled_state(attempt.state.value))
    label.append(_lasted(attempt.started_at, attempt.ended_at))
    if line := telling_line(attempt.error):
        label.append(shown_text(f": {line}"), style="red")
    return label


def _undo_label(compensation: CompensationSummary) -> Text:
    label = Text(shown_text(f"undo {compensation.handler} ")).append(styled_state(compensation.state.value))
    if compensation.attempts:
        label.append(f", attempt {compensation.attempts} of {compensation.max_attempts}")
    if line := telling_line(compensation.error):
        label.append(shown_text(f": {line}"), style="red")
    return label


def _lasted(began_at: datetime, ended_at: datetime | None) -> str:
    return "" if ended_at is None else f", {exact_duration(ended_at - began_at)}"
