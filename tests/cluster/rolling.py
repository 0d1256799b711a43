"""``make cluster-rolling``: a cluster is upgraded part by part while workflows run, and no task may fail.

It starts with the version before the newest migration. The new version migrates the database first, while all parts
still run the old one. Then each part is stopped by SIGTERM and started again from the new installation: first the
api-servers, then the schedulers, dag-processor and triggerer, and last the workers.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from demo.cluster.layout import API_SERVERS, METADATA, SCHEDULERS, WORKERS
from demo.environment import airflow_command
from demo.signals import ending_on_signals
from tests.cluster.chaos import HEALTHY_SECONDS, Place, place, prepare, wait_until_quiet
from tests.cluster.kinds import KINDS
from tests.cluster.stock import Stock
from tests.cluster.verify import verify
from tests.cluster.workload import Workload
from tests.compat.wheels import installed
from tests.support.webhook_receiver import running_receiver

OLD: Final = "3ba4506"
"""The last commit before revision 0020."""

_ORDER: Final = (*API_SERVERS, *SCHEDULERS, "dag-processor", "triggerer", *WORKERS)
_WITHOUT_PRELOADING: Final = {"AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": "{}"}
"""The old version has no airflow_wfstate.preload: its workers do not start when they are told to load it."""

_BEFORE_SECONDS: Final = 30
_BETWEEN_SECONDS: Final = 5

# Kinds without a failure, so any failure is a fault.
_KINDS: Final = tuple(kind for kind in KINDS if kind.state == "succeeded")

_TASKS: Final = """
SELECT (SELECT count(*) FROM task_instance WHERE state = 'success'),
       (SELECT count(*) FROM task_instance WHERE state IN ('failed', 'upstream_failed')),
       (SELECT count(*) FROM task_instance_history)
"""


@dataclass
class Upgrade:
    """The result of an upgrade.

    :param migrated_in: seconds that ``airflow db migrate`` took.
    :param replaced_in: seconds from the end of each part until it was healthy again.
    :param tasks: numbers of tasks that succeeded, failed, and had to be retried.
    """

    revisions: tuple[str, str] = ("", "")
    migrated_in: float = 0
    replaced_in: dict[str, float] = field(default_factory=dict)
    workflows: int = 0
    tasks: tuple[int, int, int] = (0, 0, 0)
    complaints: list[str] = field(default_factory=list)


def main() -> int:
    """Do the upgrade, print its result, and return 0 if nothing failed, was lost or doubled."""
    old = installed(OLD).python.with_name("airflow")
    folder = Path(tempfile.mkdtemp(prefix="wfstate-rolling-"))
    print(f"The files of this run are in {folder}", flush=True)
    with ending_on_signals(), place(folder, more=_WITHOUT_PRELOADING, airflow=old) as where:
        done = upgrade(where, airflow_command())
    print(f"Revision {done.revisions[0]} to {done.revisions[1]} in {done.migrated_in:.0f} s, under load.")
    for name, seconds in done.replaced_in.items():
        print(f"{name} was replaced in {seconds:.0f} s.")
    succeeded, failed, again = done.tasks
    print(f"{done.workflows} workflows; tasks: {succeeded} succeeded, {failed} failed, {again} tried again.")
    for complaint in done.complaints:
        print(complaint)
    return 1 if done.complaints or failed or again else 0


def upgrade(where: Place, new: Path) -> Upgrade:
    """Upgrade a cluster that runs workflows, wait until they have ended, and compare.

    :param new: the command ``airflow`` of the new installation.
    """
    cluster, done = where.cluster, Upgrade()
    with running_receiver() as receiver, closing(cluster.client()) as client:
        prepare(where, receiver)
        stock = Stock(cluster.client)
        stock.start(receiver)
        choice = random.Random(1)  # noqa: S311 - no secret
        workload = Workload(cluster.client, where.effects, choice, "rolling", open_at_most=4, kinds=_KINDS)
        workload.start()
        try:
            time.sleep(_BEFORE_SECONDS)
            before = _revision(where)
            cluster.use(new)
            began = time.monotonic()
            migrated = cluster.run("db", "migrate")
            if migrated.returncode != 0:
                raise RuntimeError(f"airflow db migrate failed:\n{migrated.stderr[-2000:]}")
            done.migrated_in, done.revisions = time.monotonic() - began, (before, _revision(where))
            for name in _ORDER:
                done.replaced_in[name] = _replace(where, name)
                print(f"{name} is new after {done.replaced_in[name]:.0f} s", flush=True)
                time.sleep(_BETWEEN_SECONDS)
            workload.submit_no_more()
            wait_until_quiet(workload, where.effects)
        finally:
            workload.stop()
        orders = list(workload.orders.values())
        done.workflows, done.tasks = len(orders), _tasks(where)
        done.complaints = verify(client, orders, where.effects, stock).complaints
    return done


def _replace(where: Place, name: str) -> float:
    """Replace a part, wait until everything is healthy, and return how many seconds that took."""
    log = where.cluster.log_file / f"{name}.log"
    ready = log.read_text(errors="replace").count(" ready.")
    began = time.monotonic()
    where.cluster.replace_part(name)
    deadline = began + HEALTHY_SECONDS
    while name in WORKERS and log.read_text(errors="replace").count(" ready.") == ready:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} did not get ready again: see {log}.")
        time.sleep(0.5)
    where.cluster.wait_until_healthy(HEALTHY_SECONDS)
    return time.monotonic() - began


def _revision(where: Place) -> str:
    (row,) = _rows(where, "SELECT version_num FROM wfstate_alembic_version")
    return str(row[0])


def _tasks(where: Place) -> tuple[int, int, int]:
    ((succeeded, failed, again),) = _rows(where, _TASKS)
    return int(succeeded), int(failed), int(again)


def _rows(where: Place, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(where.home.postgres.url(METADATA)) as connection:
        return connection.execute(statement).fetchall()  # type: ignore[arg-type]  # our own texts


if __name__ == "__main__":
    sys.exit(main())
