from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GENERATE = runpy.run_path(str(DOCS / "generate.py"))


@pytest.mark.parametrize("page", ["states.md", "configuration.md", "security.md"])
def test_generated_parts_follow_from_the_code(page: str) -> None:
    written = (DOCS / page).read_text(encoding="utf-8")
    assert written == GENERATE["with_parts"](page), "run: python docs/generate.py"
