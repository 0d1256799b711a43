"""What must hold after a cell: nothing is lost or doubled, the journal has no gaps, and the workflow has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.reading.journal import JournalEntry
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.store.database import schema
from tests.crash_grid.play import CHILD
from tests.crash_grid.sites import Site
from tests.crash_grid.story import Story


def complaints(story: Story, key: str, site: Site) -> list[str]:
    """What does not hold; empty if everything does."""
    backend = DatabaseBackend(site.engine)
    found = backend.list_workflows(WorkflowQuery(key=key)).workflows
    if len(found) != 1:
        return [f"there are {len(found)} workflows of the key"]
    detail = backend.get_workflow(found[0].id)
    journal = backend.read_journal(found[0].id, limit=1000).entries
    return [
        *_of_the_end(story, detail),
        *_of_the_steps(story, detail),
        *_of_the_journal(story, journal, site, found[0].id),
        *_of_the_effects(story, site.receiver.effects(key)),
    ]


def _of_the_end(story: Story, detail: WorkflowDetail) -> Iterator[str]:
    state = detail.summary.state.value
    if state != story.ends:
        yield f"the workflow is {state}, not {story.ends}: {detail.summary.error}; {detail.summary.hold_reason}"


def _of_the_steps(story: Story, detail: WorkflowDetail) -> Iterator[str]:
    expected_state = "succeeded" if story.ends == "succeeded" else "compensated"
    expected = Counter(story.done)
    counted = Counter(step.name for step in detail.steps)
    for name in {*expected, *counted}:
        if counted[name] != (expected[name] or 1):
            yield f"the step {name} is there {counted[name]} times"
    for step in (step for step in detail.steps if step.name in expected):
        name = step.name
        if step.state.value != expected_state:
            yield f"the step {name} is {step.state.value}, not {expected_state}"
        if step.output is None:
            yield f"the output of {name} is missing"
        if step.round != 1 or len(step.attempts) > 3:
            yield f"the step {name} has {step.round} rounds and {len(step.attempts)} attempts"
        if name == "charge" and [checkpoint.name for checkpoint in step.checkpoints] != ["half"]:
            yield f"the checkpoints of charge are {step.checkpoints}"


def _of_the_journal(story: Story, journal: list[JournalEntry], site: Site, workflow_id: str) -> Iterator[str]:
    numbers = [entry.number for entry in journal]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the journal has gaps: {numbers}"
    with site.engine.connect() as connection:
        counted = connection.execute(
            select(schema.workflow.c.journal_count).where(schema.workflow.c.id == workflow_id)
        ).scalar_one()
        records = connection.execute(
            select(func.count())
            .select_from(schema.record.join(schema.step, schema.step.c.id == schema.record.c.step_id))
            .where(schema.step.c.workflow_id == workflow_id)
        ).scalar_one()
    if counted != len(numbers):
        yield f"the workflow counts {counted} journal entries, and has {len(numbers)}"
    if records != 1:
        yield f"there are {records} records, not 1"
    told = Counter((entry.kind.value, entry.step) for entry in journal)
    once: list[tuple[str, str | None]] = [("workflow.started", None), (f"workflow.{story.ends}", None)]
    once += [("step.succeeded", step) for step in {entry.step for entry in journal} if _name(step) in story.done]
    for line in once:
        if told[line] != 1:
            yield f"the journal tells {line} {told[line]} times"
    undone = [_name(entry.step) for entry in journal if entry.kind.value == "compensation.done"]
    if undone != story.undone:
        yield f"undone were {undone}, not {story.undone}"
    links = [entry for entry in journal if entry.kind.value == "run.linked" and CHILD in str(entry.data)]
    calls = len({task.run_id("") for task in story.tasks if task.dag_id == CHILD})
    if len(links) > calls:
        yield f"child runs were linked {len(links)} times"


def _of_the_effects(story: Story, effects: dict[str, int]) -> Iterator[str]:
    expected = dict(Counter(story.effects))
    if effects != expected:
        yield f"the receiver saw {effects}, not {expected}"


def _name(step: str | None) -> str:
    return (step or "").rpartition(".")[2]
