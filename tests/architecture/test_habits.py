"""Contributors are told to run what is run: the hooks, CI, and the page that lists the commands."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.conftest import CHECKOUT

_MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")


def test_the_hooks_run_what_make_lint_runs() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", _MAKEFILE, re.MULTILINE)
    assert recipe is not None
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    (repository,) = _yaml(".pre-commit-config.yaml")["repos"]

    assert repository["repo"] == "local", "a hook of another repository would bring its own version of a tool"
    assert [hook["entry"] for hook in repository["hooks"]] == commands
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in repository["hooks"])


def test_ci_runs_what_a_developer_can_run() -> None:
    (job,) = _yaml(".github/workflows/ci.yml")["jobs"].values()

    assert job["runs-on"].startswith("ubuntu")
    assert "services" not in job
    assert job["steps"][-1] == {"run": ".ci/run"}


def test_contributing_names_every_target() -> None:
    page = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):.*## ", _MAKEFILE, re.MULTILINE)

    assert targets
    assert [target for target in targets if not re.search(rf"`?make {target}\b", page)] == []


def _yaml(name: str) -> dict[str, Any]:
    content = yaml.safe_load((CHECKOUT / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content
