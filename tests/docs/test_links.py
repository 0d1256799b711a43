from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_toctrees_reach_every_page() -> None:
    """Sphinx says so too (test_site.py); this is told without it."""
    docs = ROOT / "docs"
    reached = {docs / "index.md"}
    waiting = [docs / "index.md"]
    while waiting:
        page = waiting.pop()
        trees = re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        entries = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
        found = {found for entry in entries for found in page.parent.glob(f"{entry}.md")} - reached
        reached |= found
        waiting += found
    assert [page for page in docs.rglob("*.md") if page not in reached] == []
