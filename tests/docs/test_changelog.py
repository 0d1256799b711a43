"""The changelog: what is not released on top, then each release, with the headings of Keep a Changelog."""

from __future__ import annotations

import re
from pathlib import Path

from alembic.script import ScriptDirectory

from airflow_wfstate.store.db_manager import WorkflowStateDBManager
from airflow_wfstate.version import __version__

_CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
_KINDS = {"Before you upgrade", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_each_release_has_its_section_newest_first() -> None:
    newest_first = sorted(WorkflowStateDBManager.revision_heads_map, key=_numbers, reverse=True)
    this = ["Unreleased"] if ".dev" in __version__ else ["Unreleased", __version__]

    assert [title.split()[0] for title in re.findall(r"^## (.+)$", _CHANGELOG, re.MULTILINE)] == [*this, *newest_first]


def test_headings_are_those_of_keep_a_changelog() -> None:
    assert set(re.findall(r"^### (.+)$", _CHANGELOG, re.MULTILINE)) <= _KINDS


def test_the_newest_revision_of_each_release_exists_and_grows() -> None:
    heads = WorkflowStateDBManager.revision_heads_map
    revisions = {script.revision for script in ScriptDirectory(WorkflowStateDBManager.migration_dir).walk_revisions()}
    in_order = [heads[version] for version in sorted(heads, key=_numbers)]

    assert set(in_order) <= revisions
    assert in_order == sorted(in_order)
    assert __version__ not in heads, "this version's newest revision is the newest of all"


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
