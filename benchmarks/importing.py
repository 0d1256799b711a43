"""What our public names cost a DAG file: the CPU time to parse it, compared with the same DAG using ``@task``.

Each process first parses the DAG with ``@task``, and then the same DAG with one of our names. That measures what the
second adds to the first exactly, even on a busy machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from statistics import median
from typing import Final

LIMIT: Final = 1.05
"""A DAG with one of our names may take at most this many times the CPU time of the same DAG with ``@task``."""

_TASK: Final = "    @task\n    def work():\n        return 1\n    work()\n"

_BODIES: Final[dict[str, tuple[str, str]]] = {
    "@task.step": ("", _TASK.replace("@task", "@task.step")),
    "STEP": ("STEP", _TASK),
    "Step": ("Step", _TASK),
    "CompensationContext": ("CompensationContext", _TASK),
    "WorkflowStateHook": ("WorkflowStateHook", _TASK),
    "durable": ("durable", '    durable(BaseOperator(task_id="work"))\n'),
    "StartWorkflowOperator": (
        "StartWorkflowOperator",
        '    StartWorkflowOperator(task_id="start", name="orders", key="1")\n',
    ),
    "CompleteWorkflowOperator": ("CompleteWorkflowOperator", '    CompleteWorkflowOperator(task_id="complete")\n'),
    "CompensateWorkflowOperator": ("CompensateWorkflowOperator", '    CompensateWorkflowOperator(task_id="relay")\n'),
    "TriggerWorkflowDagRunOperator": (
        "TriggerWorkflowDagRunOperator",
        '    TriggerWorkflowDagRunOperator(task_id="call", trigger_dag_id="other")\n',
    ),
    "TransactionalStepOperator": (
        "TransactionalStepOperator",
        '    TransactionalStepOperator(task_id="work", python_callable=print, conn_id="warehouse")\n',
    ),
}
"""For each label: the name to import from the package, and the body of the DAG."""


_PLAIN: Final = f"from airflow.sdk import DAG, BaseOperator, task\nwith DAG('plain'):\n{_TASK}"

_PROGRAM: Final = """
import json, sys, time
plain, ours = json.load(sys.stdin)
exec(plain)
first = time.process_time()
exec(ours)
print(json.dumps([first, time.process_time()]))
"""


def ratios(turns: int) -> dict[str, float]:
    """For each name, the CPU time relative to the plain DAG, as the median of several processes.

    :param turns: how many processes per name; the names take turns.
    """
    with tempfile.TemporaryDirectory(prefix="wfstate-imports-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        environment |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        _ratio("", folder, environment)  # Airflow creates its home
        found: dict[str, list[float]] = {name: [] for name in _BODIES}
        for _ in range(turns):
            for name, figures in found.items():
                figures.append(_ratio(_source(name), folder, environment))
    return {name: median(figures) for name, figures in found.items() if figures}


def _source(name: str) -> str:
    imported, body = _BODIES[name]
    ours = f"from airflow_wfstate import {imported}\n" if imported else ""
    return f"{ours}with DAG('orders'):\n{body}"


def _ratio(source: str, folder: str, environment: dict[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps([_PLAIN, source]),
        cwd=folder,  # so that the installed wheel is imported, not the checkout
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    plain, both = json.loads(done.stdout.splitlines()[-1])
    return float(both / plain)


if __name__ == "__main__":
    for label, ratio in ratios(5).items():
        print(f"{label:32} {ratio:.3f}")
