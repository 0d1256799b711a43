"""``airflow wfstate definitions``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.airflow_home import Home
from tests.support.world import World

_SERVICE = "{sources: ['urn:x'], events: {paid: {step: pay, is: succeeded}}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two definition files, one of them in a separate folder, and a file that is not a definition."""
    (tmp_path / "deep").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.yaml").write_text(f"name: {World.unique('a')}\nplan: [x, y]  # in order\n")
    (tmp_path / "deep" / "b.yml").write_text(f"name: {World.unique('b')}\nparticipants: {{pay: {_SERVICE}}}\n")
    (tmp_path / ".git" / "c.yaml").write_text("no definition")
    (tmp_path / "README.md").write_text("no definition")
    return tmp_path


def name_in(file: Path) -> str:
    """The name that a file declares."""
    return file.read_text().splitlines()[0].removeprefix("name: ")


def test_a_folder_is_applied_file_by_file_and_again_changes_nothing(home: Home, folder: Path) -> None:
    first = home.wfstate("definitions", "apply", str(folder), "-o", "json")
    again = home.wfstate("definitions", "apply", str(folder), "-o", "json")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    told = json.loads(first.stdout)
    assert [(Path(one["file"]).name, one["number"], one["changed"]) for one in told] == [
        ("a.yaml", 1, True),
        ("b.yml", 1, True),
    ]
    assert [one["changed"] for one in json.loads(again.stdout)] == [False, False]


def test_a_wrong_file_is_told_with_its_places_and_does_not_keep_the_others_back(home: Home, folder: Path) -> None:
    wrong = folder / "b.yaml"
    wrong.write_text("name: order\non_failure: explode\nkye: a\n")
    name = name_in(folder / "a.yaml")

    answer = home.wfstate("definitions", "apply", str(folder))

    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        f"{wrong}:2:13: on_failure: This is 'explode'. Allowed: compensate, hold.",
        f"{wrong}:3:1: kye: There is no such field here. Did you mean key? Allowed: name, key, starts_on, plan, "
        "participants, deadline, on_deadline, on_failure, on_compensation_error, on_skip, redact.",
    ]
    assert "Version 1 is in force" in answer.stdout
    assert home.wfstate("definitions", "show", name).returncode == 0
    assert home.wfstate("definitions", "show", "order").returncode == 1


def test_a_diff_says_what_would_change_by_text_and_exit_code(home: Home, folder: Path) -> None:
    file = folder / "a.yaml"
    name = name_in(file)
    new = home.wfstate("definitions", "diff", str(file))
    home.wfstate("definitions", "apply", str(file))
    same = home.wfstate("definitions", "diff", str(file))
    file.write_text(f"plan: [x, z]\nname: {name}\n")
    changed = home.wfstate("definitions", "diff", str(file))
    file.write_text("name: [")
    wrong = home.wfstate("definitions", "diff", str(file))

    assert (new.returncode, f"--- {name} (not applied)\n" in new.stdout) == (1, True)
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "")
    assert (changed.returncode, changed.stdout) == (
        1,
        f"--- {name} (version 1)\n+++ {file}\n@@ -1,4 +1,4 @@\n name: {name}\n plan:\n   - x\n-  - y\n+  - z\n",
    )
    assert wrong.returncode == 2
    assert f"{file}:2:1: This is not YAML" in wrong.stderr
    assert home.wfstate("definitions", "diff", str(folder / "nowhere")).returncode == 2


def test_what_is_shown_can_be_applied_and_older_versions_are_shown_too(home: Home, folder: Path) -> None:
    file = folder / "a.yaml"
    name = name_in(file)
    home.wfstate("definitions", "apply", str(file))
    file.write_text(f"name: {name}\ndeadline: PT60M\n")
    home.wfstate("definitions", "apply", str(file))

    shown = home.wfstate("definitions", "show", name).stdout
    first = home.wfstate("definitions", "show", name, "--version", "1").stdout
    versions = json.loads(home.wfstate("definitions", "show", name, "--versions", "-o", "json").stdout)
    again = home.wfstate("definitions", "apply", "-", answer=shown)

    assert shown.startswith(f"# {name}, version 2, applied by cli:")
    assert shown.endswith(f"name: {name}\ndeadline: PT1H\n")
    assert "; version 2 is in force\n" in first
    assert [version["number"] for version in versions] == [2, 1]
    assert "nothing was changed" in again.stdout


def test_the_list_comes_in_pages_and_names_the_command_of_the_next(home: Home, folder: Path) -> None:
    home.wfstate("definitions", "apply", str(folder))
    name = name_in(folder / "a.yaml")

    page = home.wfstate("definitions", "list", "--after", name[:-1], "--limit", "1", "-o", "plain")

    assert page.stdout.splitlines()[1].split()[:2] == [name, "1"]
    assert f"More results: airflow wfstate definitions list --after {name} --limit 1" in page.stderr


def test_lint_needs_no_database(empty_home: Home, folder: Path) -> None:
    good = empty_home.wfstate("definitions", "lint", str(folder))
    (folder / "twice.yaml").write_text((folder / "a.yaml").read_text())
    (folder / "binary.yaml").write_bytes(b"name: a\nplan: [\xff]\n")
    bad = empty_home.wfstate("definitions", "lint", str(folder), "-o", "json")

    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    found = json.loads(bad.stdout)
    assert bad.returncode == 1
    assert [(Path(one["file"]).name, one["line"], one["column"]) for one in found] == [
        ("binary.yaml", 2, 8),
        ("twice.yaml", 1, 1),
    ]
    assert found[0]["reason"].endswith("UTF-8.")
    assert "already declares the workflow" in found[1]["reason"]


def test_a_folder_without_definitions_is_an_error(home: Home, tmp_path: Path) -> None:
    answer = home.wfstate("definitions", "apply", str(tmp_path))
    assert answer.returncode == 1
    assert "has no definition file" in answer.stderr
