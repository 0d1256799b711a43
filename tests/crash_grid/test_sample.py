"""A few cells of the crash grid, chosen at random: three stories, each with a different backend.

``make crash-grid`` runs all.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.crash_grid.cell import Way
from tests.crash_grid.grid import cells_of, run_cells
from tests.crash_grid.sites import sites
from tests.crash_grid.story import STORIES

_SEED = "WFSTATE_GRID_SEED"
"""The environment variable that repeats a sample."""

_STORIES = 3
_CELLS_OF_A_STORY = 5


def test_a_sample_of_the_grid_holds(tmp_path: Path) -> None:
    seed = int(os.environ.get(_SEED) or random.SystemRandom().randrange(10**6))
    choice = random.Random(seed)  # noqa: S311 - no secret
    ways = [Way.DATABASE_SQLITE, Way.DATABASE_POSTGRES, Way.API_POSTGRES]
    stories = choice.sample(sorted(STORIES), _STORIES)
    with sites(ways, tmp_path) as made:
        cells = []
        for story, way in zip(stories, ways, strict=True):
            found = list(cells_of(story, way, made[way]))
            cells += choice.sample(found, min(_CELLS_OF_A_STORY, len(found)))
        results = list(run_cells(cells, made))

    failed = [f"{result.cell}: {result.complaints}" for result in results if result.complaints]
    assert failed == [], f"{_SEED}={seed} repeats it"
    assert len(results) == len(cells) > 0
