"""A lease has an owner, is renewed while its holder works, and only its owner ends it."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, make_url, update

from airflow_wfstate.store.database import lease as lease_module
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.lease import Lease, LeaseLost, held
from airflow_wfstate.store.database.stored_function_call import DRIVERS

NAME = "of_a_test"


def _run_out(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(schema.lease).where(schema.lease.c.name == NAME).values(leased_until=database_now()))


def test_one_at_a_time(engine: Engine) -> None:
    with held(engine, NAME) as first:
        assert first is not None
        with held(engine, NAME) as second:
            assert second is None
        with held(engine, "of_another") as other:
            assert other is not None

    with held(engine, NAME) as second:
        assert second is not None


@pytest.mark.parametrize("driver", DRIVERS)
def test_it_can_be_taken_by_each_driver(migrated_postgres_url: str, driver: str) -> None:
    """The drivers differ in whether they report how many rows an insert wrote."""
    by_driver = create_engine(make_url(migrated_postgres_url).set(drivername=f"postgresql+{driver}"))
    with held(by_driver, f"by {driver}") as first, held(by_driver, f"by {driver}") as second:
        assert (first is None, second is None) == (False, True)
    by_driver.dispose()


def test_nobody_takes_it_before_its_rest_is_over(engine: Engine) -> None:
    with held(engine, NAME, rest=timedelta(minutes=1)):
        pass

    with held(engine, NAME) as second:
        assert second is None
    _run_out(engine)


def test_only_its_owner_ends_it(engine: Engine) -> None:
    with held(engine, NAME):
        _run_out(engine)  # the holder was too slow
        with held(engine, NAME) as second:
            assert second is not None
            first = Lease(engine, NAME, "another")
            first.end(timedelta(0))
            with held(engine, NAME) as third:
                assert third is None


def test_a_holder_learns_that_another_has_taken_it(engine: Engine) -> None:
    with held(engine, NAME) as first:
        assert first is not None
        first.check()
        _run_out(engine)
        with held(engine, NAME):
            first.renew()
            with pytest.raises(LeaseLost, match="not renewed in time"):
                first.check()


def test_it_is_renewed_while_its_holder_works(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "DURATION", timedelta(seconds=0.4))
    with held(engine, NAME) as first:
        assert first is not None
        until = time.monotonic() + 1  # longer than it lasts
        while time.monotonic() < until:
            with held(engine, NAME) as second:
                assert second is None
            time.sleep(0.05)


def test_a_renewal_that_comes_after_the_end_does_not_hold_it(engine: Engine) -> None:
    with held(engine, NAME) as first:
        assert first is not None
    first.renew()

    with held(engine, NAME) as second:
        assert second is not None


def test_work_that_fails_leaves_it_free(engine: Engine) -> None:
    with pytest.raises(RuntimeError), held(engine, NAME):
        raise RuntimeError("the work failed")

    with held(engine, NAME) as second:
        assert second is not None
