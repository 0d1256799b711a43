"""DAGs in Git: a fix is committed, and what a person then resumes, or has undone, runs the code that was asked for.

An Airflow of its own, whose one bundle is a local repository beside a local folder, by the Git provider's bundle.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo import environment
from demo.client import Json
from demo.stage import Stage
from demo.standalone import LiveAirflow
from tests.support.postgres import PostgresServer, sqlalchemy_url

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("git") is None, reason="there is no git"),
    pytest.mark.skipif(importlib.util.find_spec("airflow.providers.git") is None, reason="it needs Python 3.11"),
]

_DAG = "versioned_order"
_FILE = f"{_DAG}.py"
_KEYS = ("default", "same", "latest", "renamed")
_SOURCE = Path(__file__).with_name("git_dags") / _FILE


@dataclass
class Repository:
    """A bare repository that the bundle follows, and a working copy that commits to it.

    :param commits: by version of the DAG.
    """

    origin: Path
    copy: Path
    commits: dict[int, str] = field(default_factory=dict)

    @staticmethod
    def make(folder: Path) -> Repository:
        """An empty repository."""
        repository = Repository(folder / "origin.git", folder / "copy")
        for words in (
            ["init", "--bare", "-b", "main", repository.origin],
            ["clone", repository.origin, repository.copy],
        ):
            subprocess.run(["git", *map(str, words)], check=True, capture_output=True)
        return repository

    def commit(self, version: int, source: str) -> None:
        """Commit a version of the DAG, and push it."""
        (self.copy / _FILE).write_text(source.replace("VERSION = 1", f"VERSION = {version}", 1))
        self._git("add", "-A")
        self._git("-c", "user.name=tests", "-c", "user.email=tests@localhost", "commit", "-m", f"version {version}")
        self._git("push", "origin", "HEAD:main")
        self.commits[version] = self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.copy, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Orders:
    """Orders of the DAG in the repository.

    :param folder: where the effects of each are.
    """

    stage: Stage
    repository: Repository
    folder: Path

    def submit(self, key: str) -> None:
        """Begin an order."""
        self.stage.client.trigger(_DAG, key, {"key": key, "folder": str(self.folder)})

    def wait(self, key: str, state: str, *, attempts: int) -> Json:
        """The order's workflow, in this state after so many attempts at shipping, with its run over."""

        def reached() -> Json | None:
            workflow = self.stage.workflow(_DAG, key)
            if workflow is None or workflow["summary"]["state"] != state:
                return None
            if self.stage.client.run_state(_DAG, key) not in ("success", "failed"):
                return None
            made = [len(step["attempts"]) for step in workflow["steps"] if step["name"] == "ship"]
            return workflow if made == [attempts] else None

        return self.stage.wait_for(f"the order {key} to be {state}", reached)

    def wait_for_commit(self, workflow_id: str, version: int) -> None:
        """Wait until Airflow has refreshed the bundle, as the plan of a resume shows."""

        def latest() -> bool:
            (code,) = self.plan(workflow_id)["code"]
            return bool(code["latest"]["bundle_version"] == self.repository.commits[version])

        self.stage.wait_for(f"Airflow to know commit {version}", latest)

    def plan(self, workflow_id: str, *options: str) -> Json:
        """What a resume would do, according to the command line."""
        printed = self.stage.airflow.run("wfstate", "resume", workflow_id, "--plan", "-o", "json", *options)
        assert printed.returncode == 0, printed.stderr
        plan: Json = json.loads(printed.stdout)
        return plan

    def command(self, *words: str) -> None:
        """Run a command that acts on a workflow."""
        done = self.stage.airflow.run("wfstate", *words, "--yes")
        assert done.returncode == 0, done.stderr

    def effects(self, key: str) -> Counter[str]:
        """How often each thing was done, and by which version."""
        return Counter((self.folder / f"{key}.effects").read_text().splitlines())


@pytest.fixture(scope="module")
def orders(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    home, port = tmp_path_factory.mktemp("git-airflow"), environment.free_port()
    folder = tmp_path_factory.mktemp("git")
    (folder / "local").mkdir()
    repository = Repository.make(folder)
    repository.commit(1, _SOURCE.read_text())
    git = {"repo_url": str(repository.origin), "tracking_ref": "main", "refresh_interval": 5}
    bundles = [
        {"name": "dags-folder", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {}},
        {"name": "shop", "classpath": "airflow.providers.git.bundles.git.GitDagBundle", "kwargs": git},
    ]
    with postgres_server.database("git_bundle") as url:
        variables = {
            **environment.bare(home),
            **environment.on_port(port),
            **environment.on_free_log_ports(),
            **environment.small_and_quick(sqlalchemy_url(url), folder / "local", environment.new_jwt_secret()),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        }
        with LiveAirflow(home, port, variables) as airflow:
            airflow.wait_until_healthy(timeout_seconds=240)
            client = airflow.client()
            stage = Stage(airflow, client, "", look=lambda: None, label="git")
            stage.wait_for(f"Airflow to parse {_DAG}", lambda: client.has_dag(_DAG))
            yield Orders(stage, repository, folder)
            client.close()


def test_a_fix_that_was_committed_is_what_a_resume_on_the_latest_code_runs(orders: Orders) -> None:
    for key in _KEYS:
        orders.submit(key)
    held = {key: orders.wait(key, "failed", attempts=1)["summary"]["id"] for key in _KEYS}
    assert [orders.effects(key) for key in held] == [{"charge v1": 1, "ship v1": 1}] * len(_KEYS)
    orders.repository.commit(2, _SOURCE.read_text())
    orders.wait_for_commit(held["latest"], 2)

    (code,) = orders.plan(held["latest"], "--code", "latest")["code"]
    orders.command("resume", held["default"])
    orders.command("resume", held["same"], "--code", "same")
    orders.command("resume", held["latest"], "--code", "latest")

    assert code["own"]["bundle_version"] == orders.repository.commits[1]
    assert (code["uses"], code["latest"]["bundle_version"]) == ("latest", orders.repository.commits[2])
    orders.wait("default", "failed", attempts=2)
    orders.wait("same", "failed", attempts=2)
    orders.wait("latest", "succeeded", attempts=2)
    assert orders.effects("default") == {"charge v1": 1, "ship v1": 2}
    assert orders.effects("same") == {"charge v1": 1, "ship v1": 2}
    assert orders.effects("latest") == {"charge v1": 1, "ship v1": 1, "ship v2": 1}


def test_an_undo_runs_the_code_of_its_run_unless_the_latest_is_asked_for(orders: Orders) -> None:
    orders.command("compensate", f"{_DAG}/default")
    orders.command("compensate", f"{_DAG}/same", "--code", "latest")

    orders.wait("default", "compensated", attempts=2)
    orders.wait("same", "compensated", attempts=2)
    assert orders.effects("default")["undo charge v1"] == 1
    assert orders.effects("same")["undo charge v2"] == 1
    assert (orders.effects("default")["undo charge v2"], orders.effects("same")["undo charge v1"]) == (0, 0)


def test_a_workflow_that_went_on_with_the_latest_code_is_undone_by_it(orders: Orders) -> None:
    orders.command("compensate", f"{_DAG}/latest")

    orders.wait("latest", "compensated", attempts=2)
    assert orders.effects("latest") == {
        "charge v1": 1,
        "ship v1": 1,
        "ship v2": 1,
        "undo charge v2": 1,
        "undo ship v2": 1,
    }


def test_a_step_that_a_commit_renames_is_done_once_and_undone_by_its_new_task(orders: Orders) -> None:
    workflow = orders.wait("renamed", "failed", attempts=1)["summary"]["id"]
    renamed = _SOURCE.read_text().replace("def charge(", "def charge_card(").replace(">> charge(", ">> charge_card(")
    orders.repository.commit(3, renamed)
    orders.wait_for_commit(workflow, 3)

    plan = orders.plan(workflow, "--code", "latest")
    refused = orders.stage.airflow.run("wfstate", "resume", workflow, "--code", "latest", "--yes")
    orders.command("resume", workflow, "--code", "latest", "--rename", "charge=charge_card")

    assert [step["fate"] for step in plan["undeclared_steps"]] == ["undecided"]
    assert (refused.returncode, "looks like a rename" in refused.stderr) == (1, True)
    done = orders.wait("renamed", "succeeded", attempts=2)
    assert {step["name"]: step["state"] for step in done["steps"]} == {"charge_card": "succeeded", "ship": "succeeded"}
    orders.command("compensate", workflow)
    orders.wait("renamed", "compensated", attempts=2)
    assert orders.effects("renamed") == {
        "charge v1": 1,
        "ship v1": 1,
        "ship v3": 1,
        "undo ship v3": 1,
        "undo charge_card v3": 1,
    }
