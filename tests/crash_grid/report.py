"""The results of the grid: for the terminal, and as Markdown in docs/explanation/reliability.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from tests.crash_grid.cell import Cell, Fault, Mishap, Result, Way, mishaps
from tests.crash_grid.story import STORIES

_BEGIN: Final = "<!-- crash-grid: begin -->"
_DISTURBANCES: Final = (Fault.SERVER_KILLED, Fault.POSTGRES_RESTARTED)
_END: Final = "<!-- crash-grid: end -->"


def summary(results: list[Result]) -> str:
    """The result in one sentence."""
    failed = sum(bool(result.complaints) for result in results)
    return f"{len(results)} cells: {len(results) - failed} passed, {failed} failed."


def write(page: Path, results: list[Result], conditions: str) -> None:
    """Write the grid between the markers of the page.

    :param conditions: machine and versions, in one line.
    """
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(_BEGIN)
    after = rest.split(_END)[1]
    lines = [_BEGIN, "", *_markdown(results, conditions), _END]
    page.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def _markdown(results: list[Result], conditions: str) -> Iterator[str]:
    today = datetime.now(timezone.utc).date().isoformat()
    seconds = sum(result.seconds for result in results)
    yield f"{today}, {conditions}. **{summary(results)}** Together the cells took {seconds / 60:.0f} minutes."
    yield ""
    disturbed = [result for result in results if result.cell.way.is_api and result.cell.mishap.fault in _DISTURBANCES]
    broken = sum(result.has_broken for result in disturbed)
    yield (
        f"A server was killed during {len(disturbed)} requests: {broken} of them broke, and the rest had been answered "
        "already."
    )
    yield ""
    by_cell = {result.cell: result for result in results}
    for way in Way:
        cells = [cell for cell in by_cell if cell.way is way]
        if not cells:
            continue
        yield f"#### {way.value}"
        yield ""
        columns = mishaps(way)
        yield "| story and call | " + " | ".join(str(mishap) for mishap in columns) + " |"
        yield "|---|" + ":---:|" * len(columns)
        for story in STORIES:
            yield from _story_rows(story, [cell for cell in cells if cell.story == story], columns, by_cell)
        yield ""
    for result in results:
        if result.complaints:
            yield f"- failed: {result.cell}: {result.complaints[0].splitlines()[-1]}"


def _story_rows(story: str, cells: list[Cell], columns: list[Mishap], by_cell: dict[Cell, Result]) -> Iterator[str]:
    if cells:
        yield f"| **{story}** |" + " |" * len(columns)
    seen: set[tuple[int, int]] = set()
    for cell in cells:
        place = (cell.crossing.position, cell.crossing.number)
        if place in seen:
            continue
        seen.add(place)
        outcomes = [_outcome(by_cell.get(Cell(story, cell.way, cell.crossing, mishap))) for mishap in columns]
        yield f"| {cell.crossing.label} | " + " | ".join(outcomes) + " |"


def _outcome(result: Result | None) -> str:
    if result is None:
        return ""
    return "FAIL" if result.complaints else "pass"
