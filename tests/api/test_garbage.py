"""What the garbage collector does not have to look at."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from airflow_wfstate.api.garbage import spare_what_is_loaded


class _Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def _collector_afterwards() -> Iterator[None]:
    spare_what_is_loaded.cache_clear()
    yield
    gc.unfreeze()
    spare_what_is_loaded.cache_clear()


@pytest.mark.usefixtures("_collector_afterwards")
def test_what_is_loaded_is_walked_through_no_more_and_garbage_is_not_kept() -> None:
    garbage = ref(_Circle())
    alive = len(gc.get_objects())

    spare_what_is_loaded()

    assert garbage() is None
    assert len(gc.get_objects()) < 0.1 * alive
    frozen = gc.get_freeze_count()
    made_since = [[number] for number in range(100)]
    spare_what_is_loaded()
    assert gc.get_freeze_count() <= frozen, "only what was there the first time"
    assert len(made_since) == 100
