from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

UI = Path(__file__).parents[2] / "airflow_wfstate" / "ui"
_UNREACHABLE = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH")
_SCHEMA = "run: npm ci && npm run schema && npm run build, in airflow_wfstate/ui"
BUNDLE = (UI / "dist" / "main.umd.cjs").read_text(encoding="utf-8")


def test_the_committed_bundle_was_built_from_the_sources() -> None:
    digest = hashlib.sha256()
    names = sorted(path.relative_to(UI).as_posix() for path in (UI / "src").rglob("*") if path.is_file())
    for name in names:
        digest.update(name.encode() + (UI / name).read_bytes())
    expected = f"/*! Built from the sources {digest.hexdigest()} */"
    assert BUNDLE.splitlines()[0] == expected, "run: npm ci && npm run build, in airflow_wfstate/ui"


@pytest.mark.skipif(shutil.which("npm") is None, reason="There is no npm to build it with; the test above holds.")
def test_a_build_gives_the_committed_bundle(tmp_path: Path) -> None:
    ui = tmp_path / "airflow_wfstate" / "ui"
    shutil.copytree(UI, ui, ignore=shutil.ignore_patterns("node_modules", "dist"))
    for command in (["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["npm", "run", "build"]):
        done = subprocess.run(command, cwd=ui, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0 and any(sign in done.stderr for sign in _UNREACHABLE):
            pytest.skip("npm cannot reach its registry; that the bundle is of these sources is tried above.")
        assert done.returncode == 0, done.stdout + done.stderr
    assert (ui / "dist" / "main.umd.cjs").read_text(encoding="utf-8") == BUNDLE


def test_the_client_is_typed_by_the_openapi_document() -> None:
    """The generated types, without running the generator: the schemas and paths that they and the document name."""
    document = json.loads((UI.parents[1] / "docs" / "openapi.json").read_text(encoding="utf-8"))
    types = (UI / "src" / "server" / "schema.ts").read_text(encoding="utf-8")
    typed = types.split("    schemas: {", 1)[1].split("    responses: never;", 1)[0]
    assert set(re.findall(r"^        (\w+): ", typed, re.MULTILINE)) == set(document["components"]["schemas"]), _SCHEMA
    assert set(re.findall(r'^    "(/v1/[^"]*)": ', types, re.MULTILINE)) == set(document["paths"]), _SCHEMA
    for name, schema in document["components"]["schemas"].items():
        body = re.split(rf"^        {name}: ", typed, maxsplit=1, flags=re.MULTILINE)[1]
        body = re.split(r"^        (?:/[*]{2}|\w+: )", body, maxsplit=1, flags=re.MULTILINE)[0]
        fields = set(re.findall(r'^            "?([\w-]+)"?\??: ', body, re.MULTILINE))
        assert fields == set(schema.get("properties", {})), (name, _SCHEMA)


def test_nothing_of_the_host_is_bundled() -> None:
    assert len(gzip.compress(BUNDLE.encode())) < 150_000
    for name in ("AirflowPlugin", "ChakraUI", "React", "ReactJSXRuntime", "ReactRouterDOM"):
        assert name in BUNDLE


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", ".npmrc"])
def test_no_registry_is_named(name: str) -> None:
    assert 'resolved"' not in (UI / name).read_text(encoding="utf-8")
    assert "registry." not in (UI / name).read_text(encoding="utf-8")
