"""Which tasks of a run run again, in DAGs of all shapes."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.run_tasks import RunTask, RunTasks


def _run(states: dict[str, str | None], edges: list[str], **others: object) -> RunTasks:
    """A run: states by task id, and edges as ``"a > b"``. The id of each task instance is its task id."""
    downstream: dict[str, set[str]] = {task_id: set() for task_id in states}
    for edge in edges:
        above, below = edge.split(" > ")
        downstream[above].add(below)
    return RunTasks(
        tasks=[RunTask(task_id, task_id, -1, state) for task_id, state in states.items()],
        downstream={task_id: frozenset(ids) for task_id, ids in downstream.items()},
        **others,  # type: ignore[arg-type]  # the tests name its fields
    )


CHAIN = ["a > b", "b > c", "c > d"]


def test_what_failed_and_what_was_not_reached_runs_again() -> None:
    run = _run({"a": "success", "b": "failed", "c": "upstream_failed", "d": "upstream_failed"}, CHAIN)

    assert run.unfinished() == {"b": "failed", "c": "an upstream task failed", "d": "an upstream task failed"}


@pytest.mark.parametrize("state", ["success", "removed", "running", "deferred", "up_for_retry", None])
def test_what_succeeded_is_gone_or_still_to_come_is_left_alone(state: str | None) -> None:
    run = _run({"a": "failed", "b": state}, ["a > b"])

    assert run.unfinished() == {"a": "failed"}


def test_what_a_failure_had_skipped_below_runs_again() -> None:
    run = _run({"a": "failed", "b": "skipped", "c": "skipped"}, ["a > b", "b > c"])

    assert run.unfinished() == {"a": "failed", "b": "was skipped when its run ended", "c": "below a"}


def test_a_task_that_decided_to_be_skipped_stays_skipped_below_a_failed_one_too() -> None:
    run = RunTasks(
        tasks=[RunTask("a", "a", -1, "failed"), RunTask("b", "b", -1, "skipped", decided_to_skip=True)],
        downstream={"a": frozenset({"b"})},
    )

    assert run.unfinished() == {"a": "failed"}


def test_the_branch_not_taken_stays_so_unless_the_branch_runs_again() -> None:
    def branching(branch: str) -> RunTasks:
        return RunTasks(
            tasks=[
                RunTask("branch", "branch", -1, branch),
                RunTask("left", "left", -1, "failed" if branch == "success" else "skipped"),
                RunTask("right", "right", -1, "skipped", skipped_by_branch=True),
                RunTask("after", "after", -1, "skipped"),
            ],
            downstream={"branch": frozenset({"left", "right"}), "right": frozenset({"after"})},
        )

    assert branching("success").unfinished() == {"left": "failed"}
    assert set(branching("failed").unfinished()) == {"branch", "left", "right", "after"}


def test_a_run_that_timed_out_without_a_failure_goes_on_where_it_was_cut_off() -> None:
    run = _run({"a": "success", "b": "skipped", "c": "skipped", "d": "skipped"}, CHAIN)

    assert set(run.unfinished()) == {"b", "c", "d"}


def test_setups_and_teardowns_of_what_runs_again_run_again() -> None:
    run = _run(
        {"setup": "success", "other": "success", "work": "failed", "teardown": "success"},
        ["setup > work", "work > teardown", "setup > teardown"],
        teardowns=frozenset({"teardown"}),
        setups={"work": frozenset({"setup", "teardown"})},
    )

    assert run.unfinished() == {
        "work": "failed",
        "setup": "a setup or teardown of work",
        "teardown": "below work",
    }


def test_the_relay_is_told_apart_and_one_that_has_not_run_is_left_to_airflow() -> None:
    over = _run({"a": "failed", "relay": "failed"}, ["a > relay"], relay_task_id="relay")
    to_come = _run({"a": "failed", "relay": None}, ["a > relay"], relay_task_id="relay")

    assert over.unfinished() == to_come.unfinished() == {"a": "failed"}
    assert [relay.task_id for relay in over.relays] == ["relay"]
    assert to_come.relays == []


def test_a_restart_takes_everything_below_that_is_over() -> None:
    run = _run({"a": "success", "b": "success", "c": "skipped", "d": None}, CHAIN)

    assert run.from_tasks(["b"], "asked for") == {"b": "asked for", "c": "below b"}
    assert run.at_work_from(["a"]) == []


def test_a_restart_sees_what_is_at_work_below() -> None:
    run = _run({"a": "success", "b": "success", "c": "running", "d": None}, CHAIN)

    assert [task.task_id for task in run.at_work_from(["a"])] == ["c"]
    assert [task.task_id for task in run.at_work_from(["d"])] == []


def test_a_circle_of_ids_ends() -> None:
    assert _run({"a": "failed", "b": "success"}, ["a > b", "b > a"]).below("a") == {"a", "b"}
