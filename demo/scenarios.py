"""The demo's scenarios that use only DAGs; each checks what it claims."""

from __future__ import annotations

import json
import os
import signal

from demo.client import Json
from demo.stage import Stage, check

AIRPORTS = 3376
"""Rows of the dataset."""

_BOTH_DAGS = {"order_intake", "order_fulfilment"}


def order_across_two_dags(stage: Stage) -> str:
    """An order succeeds across two DAGs: one workflow, one correlation id, steps from both runs."""
    order_id = f"{stage.label}-good"
    stage.client.trigger("order_intake", f"{order_id}-1", {"order_id": order_id})
    stage.wait_for_run("order_intake", f"{order_id}-1", "success")
    workflow = stage.wait_for_workflow("order", order_id, "succeeded")
    steps = workflow["steps"]
    check(
        {run["dag_id"] for run in workflow["runs"]} == _BOTH_DAGS,
        f"Expected the workflow to have one run of each of {sorted(_BOTH_DAGS)}, but its runs are {workflow['runs']}.",
    )
    check(
        {step["participant"] for step in steps} == _BOTH_DAGS,
        f"Expected steps from both DAGs, but the workflow's steps are {_labels(steps)}.",
    )
    unfinished = [step for step in steps if step["state"] != "succeeded"]
    check(not unfinished, f"These steps did not succeed: {_labels(unfinished)}.")
    check(not workflow["progress"]["remaining"], f"These planned steps remain: {workflow['progress']['remaining']}.")
    correlation_id = workflow["summary"]["correlation_id"]
    found = stage.client.workflows(correlation_id=correlation_id)
    check(len(found) == 1, f"Expected one workflow with the correlation id {correlation_id}, but found {len(found)}.")
    return f"{len(steps)} steps from {len(workflow['runs'])} runs in one workflow, correlation id {correlation_id}"


def shipping_fails(stage: Stage) -> str:
    """Shipping fails permanently: the finished steps of both DAGs are compensated in reverse order."""
    order_id = f"{stage.label}-refused"
    stage.client.trigger("order_intake", f"{order_id}-1", {"order_id": order_id, "ship_fails": True})
    stage.wait_for_run("order_intake", f"{order_id}-1", "failed")
    workflow = stage.wait_for_workflow("order", order_id, "compensated")
    journal = stage.client.journal(workflow["summary"]["id"])
    with_undo = {_label(step) for step in workflow["steps"] if step["compensations"]}
    done = [entry["step"] for entry in journal if entry["kind"] == "step.succeeded" and entry["step"] in with_undo]
    undone = [entry["step"] for entry in journal if entry["kind"] == "compensation.done"]
    check(len(done) == 3, f"Expected three finished steps with a compensation, but found {done}.")
    check(undone == done[::-1], f"Expected the reverse of {done} to be undone, but found {undone}.")
    dags = {step.partition(".")[0] for step in undone}
    check(dags == _BOTH_DAGS, f"Expected steps of both DAGs to be undone, but only those of {sorted(dags)} were.")
    return f"undone in reverse order, in both DAGs: {', '.join(undone)}"


def killed_half_way(stage: Stage) -> str:
    """A long step is killed half-way: the retry continues from the checkpoint, and every row is loaded once."""
    load_id = f"{stage.label}-airports"
    stage.client.trigger("load_airports", f"{load_id}-1", {"load_id": load_id, "pause_seconds": 0.4})
    rows = stage.wait_for("half of the airports", lambda: _at_least(stage, AIRPORTS // 2), pause_seconds=0.1)
    task = stage.client.task_instance("load_airports", f"{load_id}-1", "load")
    pid = task["pid"]
    check(task["state"] == "running" and bool(pid), f"The task is {task['state']}: it ended before half-way.")
    check(stage.airflow.owns_process(pid), f"The task's process {pid} does not belong to this Airflow: not killed.")
    os.kill(pid, signal.SIGKILL)
    stage.wait_for_run("load_airports", f"{load_id}-1", "success")
    workflow = stage.wait_for_workflow("load_airports", load_id, "succeeded")
    (step,) = workflow["steps"]
    states = [attempt["state"] for attempt in step["attempts"]]
    check(
        len(states) == 2 and states[0] != "succeeded" and states[1] == "succeeded",
        f"Expected one unsuccessful and one successful attempt, but they ended as {states}.",
    )
    resumed_at = json.loads(step["output"]["text"])["resumed_at"]
    check(resumed_at > 0, "The retry started over instead of continuing from the checkpoint.")
    total, different = stage.airports()
    check(
        total == different == AIRPORTS,
        f"The table has {total} rows ({different} distinct), but the dataset has {AIRPORTS}.",
    )
    return f"killed process {pid} at row {rows:,}; the retry continued at row {resumed_at:,}; {total:,} rows, each once"


def submitted_again(stage: Stage) -> str:
    """The same order is submitted again: no step runs twice, and the stored outputs are returned."""
    order_id = f"{stage.label}-good"
    before = stage.wait_for_workflow("order", order_id, "succeeded")
    stage.client.trigger("order_intake", f"{order_id}-2", {"order_id": order_id})
    stage.wait_for_run("order_intake", f"{order_id}-2", "success")
    after = stage.wait_for_workflow("order", order_id, "succeeded")
    check(after["summary"]["id"] == before["summary"]["id"], "The order got a second workflow.")
    check(
        _attempts(after) == _attempts(before),
        f"The number of attempts changed from {_attempts(before)} to {_attempts(after)}.",
    )
    fulfilments = [run for run in after["runs"] if run["dag_id"] == "order_fulfilment"]
    check(len(fulfilments) == 1, f"Expected one run to fulfil the order, but found {len(fulfilments)}.")
    for task_id in ("reserve_stock", "charge_card", "fulfil"):
        first, second = (stage.client.xcom("order_intake", f"{order_id}-{run}", task_id) for run in (1, 2))
        check(first == second, f"{task_id} returned {first} the first time, but {second} the second time.")
    return f"{len(after['steps'])} steps, none attempted again; the second run got the outputs of the first run"


def _at_least(stage: Stage, wanted: int) -> int | None:
    rows, _ = stage.airports()
    return rows if rows >= wanted else None


def _attempts(workflow: Json) -> dict[str, int]:
    return {_label(step): len(step["attempts"]) for step in workflow["steps"]}


def _labels(steps: list[Json]) -> list[str]:
    return [_label(step) for step in steps]


def _label(step: Json) -> str:
    item = f"[{step['item_key']}]" if step["item_key"] else ""
    return f"{step['participant']}.{step['name']}{item}"
