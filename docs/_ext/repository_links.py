"""Links from a page to a Markdown file outside docs/, which is right in the repository but is no page of the site."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

_PAGES = {"CHANGELOG.md": "changelog.md", "README.md": "index.md"}
_LINK = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+)([\w./-]+\.md)(#[\w-]+)?\)")


def with_links_of_the_site(app: Sphinx, docname: str, content: list[str]) -> None:
    """Lead links to the changelog and the README to their pages here, and take the others away: their text stays."""
    depth = docname.count("/")

    def page_for(link: re.Match[str]) -> str:
        text, up, path, _ = link.groups()
        if up.count("../") <= depth:  # it stays within docs/
            return link[0]
        return f"[{text}]({'../' * depth}{_PAGES[path]})" if path in _PAGES else text

    content[0] = _LINK.sub(page_for, content[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of it."""
    app.connect("source-read", with_links_of_the_site)
    return {"version": "1", "parallel_read_safe": True}
