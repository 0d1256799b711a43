from __future__ import annotations

import runpy
from importlib.metadata import version
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GENERATE = runpy.run_path(str(DOCS / "generate.py"))


@pytest.mark.parametrize("page", sorted({page for page, _ in GENERATE["PARTS"]}))
def test_generated_parts_follow_from_the_code(page: str) -> None:
    written = (DOCS / page).read_text(encoding="utf-8")
    assert written == GENERATE["with_parts"](page), "run: python docs/generate.py"


@pytest.mark.skipif(
    version("apache-airflow") != "3.3.2", reason="FastAPI and pydantic describe the same routes in other words"
)
def test_the_committed_openapi_document_is_that_of_the_routes() -> None:
    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == GENERATE["openapi"](), "run: python docs/generate.py"
