"""One task that measures, in turn, Airflow's own task_state_store.set and the calls of the api way."""

from __future__ import annotations

import time

from airflow.sdk import dag, get_current_context, task

from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook

WARM_UP = 10
KEYS = 10


@dag(schedule=None, catchup=False, params={"calls": 200}, doc_md=__doc__)
def bench_task_state_store() -> None:
    """One run measures; the task's XCom has the seconds."""

    @task
    def measure(calls: str) -> dict[str, list[float]]:
        """Seconds of each call, by kind."""
        context = get_current_context()
        store = context["task_state_store"]
        backend = WorkflowStateHook().get_conn()
        task_instance_id = str(context["ti"].id)
        text = "x" * 998
        value = Payload.of(text)
        checkpointed = backend.begin_step(BeginStep(task_instance_id, "checkpoints")).attempt_key
        seconds: dict[str, list[float]] = {name: [] for name in ("set", "checkpoint", "begin", "end")}
        for number in range(int(calls) + WARM_UP):
            key = f"key-{number % KEYS}"
            moments = [time.perf_counter()]
            store.set(key, text)
            moments.append(time.perf_counter())
            backend.save_checkpoint(SaveCheckpoint(checkpointed, number + 1, key, value))
            moments.append(time.perf_counter())
            begun = backend.begin_step(BeginStep(task_instance_id, f"step-{number}"))
            moments.append(time.perf_counter())
            backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.SUCCEEDED, output=value))
            moments.append(time.perf_counter())
            if number >= WARM_UP:
                for position, name in enumerate(seconds):
                    seconds[name].append(moments[position + 1] - moments[position])
        return seconds

    measure("{{ params.calls }}")


bench_task_state_store()
