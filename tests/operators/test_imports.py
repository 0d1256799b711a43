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
