from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_ROOT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [*(ROOT / name for name in _ROOT_PAGES), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_readme_links_every_page() -> None:
    """Except decisions, which their own index lists."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT) for page in PAGES if page.is_relative_to(ROOT / "docs")]
    assert [str(page) for page in pages if page.parent.name != "decisions" and str(page) not in readme] == []
    assert "docs/decisions/index.md" in readme


def test_the_index_of_decisions_lists_them_in_order() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[a-z-]+\.md)\)", (folder / "index.md").read_text(encoding="utf-8"))
    assert listed == [page.name for page in sorted(folder.glob("0*.md"))]
    assert [int(name[:4]) for name in listed] == list(range(1, len(listed) + 1))
