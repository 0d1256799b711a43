"""A task that measures Airflow's own task_state_store.set and the calls of the api way in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import permutations

from airflow.sdk import dag, get_current_context, task

from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook

WARM_UP = 10
KEYS = 10


def _orders(names: list[str], turns: int) -> Iterator[list[str]]:
    """The order of the calls in each turn; every order occurs equally often.

    What a call leaves behind (server work after the response, a cold cache) slows the next call down, so the next call
    must not always be the same one.
    """
    orders = list(permutations(names))
    for turn in range(turns):
        yield list(orders[turn % len(orders)])


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
        # Begun one turn ahead, so that a step's end need not follow its begin.
        begun = [backend.begin_step(BeginStep(task_instance_id, "step-0")).attempt_key]
        kinds: dict[str, Callable[[int], object]] = {
            "set": lambda number: store.set(f"key-{number % KEYS}", text),
            "checkpoint": lambda number: backend.save_checkpoint(
                SaveCheckpoint(checkpointed, number + 1, f"key-{number % KEYS}", value)
            ),
            "begin": lambda number: begun.append(
                backend.begin_step(BeginStep(task_instance_id, f"step-{number + 1}")).attempt_key
            ),
            "end": lambda number: backend.end_attempt(EndAttempt(begun[number], 1, StepState.SUCCEEDED, output=value)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in kinds}
        for number, names in enumerate(_orders(list(kinds), int(calls) + WARM_UP)):
            for name in names:
                began = time.perf_counter()
                kinds[name](number)
                elapsed = time.perf_counter() - began
                if number >= WARM_UP:
                    seconds[name].append(elapsed)
        return seconds

    measure("{{ params.calls }}")


bench_task_state_store()
