"""What the garbage collector is spared."""

from __future__ import annotations

import gc

import pytest

from airflow_wfstate.api.garbage import spare_what_is_loaded


@pytest.fixture
def _collector_afterwards():
    yield
    gc.unfreeze()
    spare_what_is_loaded.cache_clear()


@pytest.mark.usefixtures("_collector_afterwards")
def test_what_is_loaded_is_walked_through_no_more_and_garbage_is_not_kept():
    spare_what_is_loaded.cache_clear()
    circle: list[object] = []
    circle.append(circle)
    alive = len(gc.get_objects())
    del circle

    spare_what_is_loaded()

    assert gc.get_freeze_count() > 0.9 * alive
    assert len(gc.get_objects()) < 0.1 * alive
    frozen = gc.get_freeze_count()
    spare_what_is_loaded()
    assert gc.get_freeze_count() == frozen
