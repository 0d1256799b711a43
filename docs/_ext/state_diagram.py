"""The directive ``mermaid``, for the state diagrams of these pages: an SVG made here, so that no script is loaded.

States stand below each other. An arrow to a later state runs on the right, one back on the left.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_ARROW = re.compile(r"^\s*(\[\*\]|\w+) --> (\[\*\]|\w+)\s*$", re.MULTILINE)
_TERMINAL = "[*]"
_ROW, _WIDTH, _HEIGHT, _LANE = 46, 190, 28, 15


def state_diagram(text: str) -> str:
    """An SVG of a Mermaid ``stateDiagram-v2``.

    :raises ValueError: the text has no arrows.
    """
    arrows = _ARROW.findall(text)
    if not arrows:
        raise ValueError("There is no arrow in the diagram; only state diagrams are drawn.")
    first = {target for source, target in arrows if source == _TERMINAL}
    final = {source for source, target in arrows if target == _TERMINAL}
    states = list(dict.fromkeys(name for arrow in arrows for name in arrow if name != _TERMINAL))
    row = {name: number for number, name in enumerate(states)}
    moves = [(row[source], row[target]) for source, target in arrows if _TERMINAL not in (source, target)]
    reach = max((abs(target - source) for source, target in moves), default=1) + 1
    left = reach * _LANE if any(target <= source for source, target in moves) else 10
    width, height = left + _WIDTH + reach * _LANE, len(states) * _ROW
    parts = [_arrow(source, target, left) for source, target in sorted(moves, key=lambda move: -abs(move[1] - move[0]))]
    parts += [_box(name, row[name] * _ROW, left, is_first=name in first, is_final=name in final) for name in states]
    told = "; ".join(f"{source} to {target}" for source, target in arrows if _TERMINAL not in (source, target))
    return (
        f'<svg class="state-diagram" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="State diagram. {escape(told)}.">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


def _box(name: str, top: int, left: int, *, is_first: bool, is_final: bool) -> str:
    kind = " ".join(kind for kind, holds in (("first", is_first), ("final", is_final)) if holds)
    middle = top + _ROW // 2
    return (
        f'<g class="{kind}"><rect x="{left}" y="{middle - _HEIGHT // 2}" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>'
        f'<text x="{left + _WIDTH // 2}" y="{middle + 4}">{escape(name)}</text></g>'
    )


def _arrow(source: int, target: int, left: int) -> str:
    """A curve beside the boxes; it begins above (or below) the middle of a box, so that arrows do not meet."""
    is_back = target <= source
    edge = left if is_back else left + _WIDTH
    away = (abs(target - source) + 1) * _LANE * (-1 if is_back else 1)
    begin, end = source * _ROW + _ROW // 2, target * _ROW + _ROW // 2
    shift = 0 if target == source else (5 if target > source else -5)
    begin, end = begin + shift, end - shift
    if target == source:
        begin, end = begin - 8, end + 8
    # A cubic curve stays within three quarters of the way to its control points.
    control = edge + away * 4 // 3
    return (
        f'<path class="arrow" marker-end="url(#tip)" d="M{edge} {begin} C{control} {begin} {control} {end} '
        f'{edge + (-1 if is_back else 1)} {end}"/>'
    )


class Mermaid(SphinxDirective):
    """A mermaid block of a page."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The picture, for HTML, and how to read it."""
        caption = nodes.paragraph(text="The first state has a bold frame, a final one a dashed frame.")
        return [nodes.raw("", state_diagram("\n".join(self.content)), format="html"), caption]


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directive."""
    app.add_directive("mermaid", Mermaid)
    return {"version": "1", "parallel_read_safe": True}
