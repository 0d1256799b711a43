"""Link the first use of each word of the glossary on each page to the glossary."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

_GLOSSARY: Final = "glossary"
_NEEDS_ARTICLE: Final = frozenset(
    {"open", "plan", "owner", "child", "label", "place", "record", "turn", "hold", "flag", "lost", "event", "wait"}
    | {"key", "output", "resume", "restart", "reopen", "step", "sweep", "round"}
)
"""Words that are also everyday verbs or adjectives: only "the turn", "a hold" and the like mean ours."""

_PAGES_WITHOUT: Final = (_GLOSSARY, "decisions/", "changelog", "reference/python")

_ARTICLE: Final = r"(?:the|a|an|its|his|their|each|every|this|that|no|any|one) "
_UNTOUCHED: Final = (
    nodes.literal,
    nodes.literal_block,
    nodes.reference,
    nodes.title,
    addnodes.pending_xref,
    nodes.raw,
)


class GlossaryLinks(SphinxTransform):
    """Replaces the first use of each term in a page's text by a reference to the term."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        """Change the document."""
        if self.env.docname == _GLOSSARY or self.env.docname.startswith(
            ("decisions/", "changelog", "reference/python")
        ):
            return
        missing = dict(_patterns(str(Path(self.env.srcdir) / f"{_GLOSSARY}.md")))
        for text in list(self.document.findall(nodes.Text)):
            if any(isinstance(parent, _UNTOUCHED) for parent in _parents(text)):
                continue
            self._link(text, missing)

    def _link(self, text: nodes.Text, missing: dict[str, re.Pattern[str]]) -> None:
        found = [(match, term) for term, pattern in missing.items() if (match := pattern.search(text.astext()))]
        parts: list[nodes.Node] = []
        end = 0
        for match, term in sorted(found, key=lambda pair: (pair[0].start("term"), -len(pair[1]))):
            begin = match.start("term")
            if begin < end:
                continue  # inside a longer term
            del missing[term]
            parts += [nodes.Text(text.astext()[end:begin]), self._reference(term, match["term"])]
            end = match.end("term")
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text.astext()[end:])])

    def _reference(self, term: str, shown: str) -> nodes.Node:
        reference = addnodes.pending_xref(
            "", refdomain="std", reftype="term", reftarget=term, refexplicit=True, refwarn=True, refdoc=self.env.docname
        )
        reference += nodes.inline(shown, shown, classes=["glossary-link"])
        return reference


def _parents(node: nodes.Node) -> list[nodes.Node]:
    parents = []
    while node.parent is not None:
        node = node.parent
        parents.append(node)
    return parents


@cache
def _patterns(glossary: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The terms of the glossary page, and what each looks like in a text: also in the plural."""
    text = Path(glossary).read_text(encoding="utf-8")
    _, _, entries = text.partition("```{glossary}\n")
    terms = re.findall(r"^(\w[^\n]*)\n  ", entries, re.MULTILINE)
    return tuple((term, _pattern(term)) for term in terms)


def _pattern(term: str) -> re.Pattern[str]:
    before = _ARTICLE if term in _NEEDS_ARTICLE else ""
    return re.compile(rf"(?<![\w-]){before}(?P<term>{re.escape(term)}s?)(?![\w-])", re.IGNORECASE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the transform."""
    app.add_transform(GlossaryLinks)
    return {"version": "1", "parallel_read_safe": True}
