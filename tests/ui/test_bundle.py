from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

UI = Path(__file__).parents[2] / "airflow_wfstate" / "ui"
BUNDLE = (UI / "dist" / "main.umd.cjs").read_text(encoding="utf-8")


def test_the_committed_bundle_was_built_from_the_sources() -> None:
    digest = hashlib.sha256()
    for source in sorted((UI / "src").iterdir()):
        digest.update(source.name.encode() + source.read_bytes())
    expected = f"/*! Built from the sources {digest.hexdigest()} */"
    assert BUNDLE.splitlines()[0] == expected, "run: npm ci && npm run build, in airflow_wfstate/ui"


def test_nothing_of_the_host_is_bundled() -> None:
    assert len(BUNDLE) < 100_000
    for name in ("AirflowPlugin", "ChakraUI", "React", "ReactJSXRuntime", "ReactRouterDOM"):
        assert name in BUNDLE


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", ".npmrc"])
def test_no_registry_is_named(name: str) -> None:
    assert 'resolved"' not in (UI / name).read_text(encoding="utf-8")
    assert "registry." not in (UI / name).read_text(encoding="utf-8")
