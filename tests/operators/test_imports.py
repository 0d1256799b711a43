"""What our names load in a DAG file: nothing of Airflow's server, and nothing of ours that only a call needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import airflow_wfstate

PROGRAM = """
import json, sys
from airflow.sdk import DAG, BaseOperator, task
with DAG("plain"):
    @task
    def work(): ...
    work()
plain = set(sys.modules)
import airflow_wfstate
for name in airflow_wfstate.__all__:
    getattr(airflow_wfstate, name)
with DAG("ours"):
    airflow_wfstate.durable(BaseOperator(task_id="charge"))
    @task.step
    def work(step=airflow_wfstate.STEP): ...
    work()
print(json.dumps(sorted(set(sys.modules) - plain)))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that all of our names load in addition to those of a plain DAG with ``@task``."""
    folder = tmp_path_factory.mktemp("imports")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,  # so that this imports the installed wheel, not the checkout
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_nothing_of_others_is_loaded(loaded: set[str]) -> None:
    others = {name for name in loaded if name.partition(".")[0] != airflow_wfstate.__name__}
    # A class of the SDK that every operator with its own link needs.
    assert others <= {"airflow.sdk.bases.operatorlink", "airflow.sdk.bases.sensor"}


@pytest.mark.parametrize(
    "name",
    [
        "store",
        "api",
        "cli",
        "backends.api",
        "backends.database",
        "backends.state_backend",
        "backends.credentials",
        "triggers",
    ],
)
def test_what_only_a_call_needs_is_not_loaded(loaded: set[str], name: str) -> None:
    whole = f"airflow_wfstate.{name}"
    assert not [found for found in loaded if found == whole or found.startswith(f"{whole}.")]
    assert (Path(airflow_wfstate.__file__).parent / name.replace(".", "/")).exists() or (
        Path(airflow_wfstate.__file__).parent / f"{name.replace('.', '/')}.py"
    ).exists()


def test_a_task_that_calls_the_server_makes_only_the_messages_of_tasks(tmp_path: Path) -> None:
    program = "import sys, airflow_wfstate.backends.api; print(*(name for name in sys.modules if '.messages.' in name))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    made = {name.partition(".messages.")[2] for name in done.stdout.split()}
    assert "step" in made
    assert made.isdisjoint({"resume", "cancel", "compensate", "definition", "event", "wait"})
    assert not [name for name in made if name.startswith(("reading.", "outbox."))]


def test_a_fork_of_a_process_that_preloaded_loads_nothing_more(tmp_path: Path) -> None:
    program = PROGRAM.replace(
        "plain = set(sys.modules)\n", "import airflow_wfstate.preload\nplain = set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in loaded if name.startswith("airflow_wfstate")] == []


def test_preloading_opens_nothing_that_a_fork_would_share(tmp_path: Path) -> None:
    program = """
import os, threading
import airflow.sdk, httpx
before = set(os.listdir("/proc/self/fd"))
import airflow_wfstate.preload
print(sorted(set(os.listdir("/proc/self/fd")) - before), threading.active_count())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[] 1"), done.stderr
