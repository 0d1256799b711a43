"""``python -m benchmarks.waits``: the cost of ten thousand waits in one triggerer, and how soon it learns of an end.

Each wait is for a different workflow. This process acts as the triggerer: it runs the poller and one trigger per wait,
and calls an api-server on PostgreSQL as a triggerer does. The CPU time of all three is measured while nothing ends, and
again for the same time without a poller. The difference is the cost of waiting. Then some of the workflows succeed, one
after another, and the time until each trigger fires is measured. The time that Airflow needs to run the task again is
not included.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psutil

_WAITS: Final = 10_000
_SECONDS: Final = 60
_WAKES: Final = 40
_SETTLING_SECONDS: Final = 10

_COPY_WORKFLOWS: Final = """
INSERT INTO wfstate_workflow ({columns})
SELECT {values} FROM wfstate_workflow w, generate_series(1, %s) AS n WHERE w.id = %s
"""
_COPY_WAITS: Final = """
INSERT INTO wfstate_wait ({columns})
SELECT {values} FROM wfstate_wait w, generate_series(1, %s) AS n WHERE w.id = %s
"""
_WORKFLOW_ID: Final = "md5('workflow ' || n)::uuid"
_WAIT_ID: Final = "md5('wait ' || n)::uuid"


@dataclass(frozen=True)
class Used:
    """CPU seconds of each component."""

    triggerer: float
    api_server: float
    postgres: float

    def since(self, before: Used) -> Used:
        """The difference to an earlier value."""
        return Used(
            self.triggerer - before.triggerer, self.api_server - before.api_server, self.postgres - before.postgres
        )


def main() -> None:
    """Parse the command line and run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waits", description=__doc__)
    parser.add_argument("--waits", type=int, default=_WAITS)
    parser.add_argument("--seconds", type=int, default=_SECONDS, help="duration of each of the two measurements")
    parser.add_argument("--wakes", type=int, default=_WAKES, help="waits whose end is timed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-waits-") as folder:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            del os.environ[name]
        os.environ["AIRFLOW_HOME"] = f"{folder}/own-home"
        _run(Path(folder), arguments.waits, arguments.seconds, arguments.wakes)


def _run(folder: Path, waits: int, seconds: int, wakes: int) -> None:
    import psutil

    from airflow_wfstate import conf
    from demo.postgres import EmbeddedPostgres
    from tests.support.api_server import running_api_server
    from tests.support.postgres import migrate

    with EmbeddedPostgres(folder / "postgres") as postgres:
        postgres.create_database("waits")
        (folder / "home").mkdir()
        url = postgres.url("waits", "psycopg2")
        migrate(url, folder / "home")
        _fill(url, postgres.url("waits"), waits)
        with running_api_server(url, folder / "api") as server:
            os.environ["AIRFLOW_CONN_WFSTATE_DEFAULT"] = _connection(server.url)
            api_server = psutil.Process(server.pid)
            postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])

            def used() -> Used:
                return Used(
                    time.process_time(),
                    cpu_seconds([api_server]),
                    cpu_seconds(psutil.Process(postmaster).children(recursive=True)),
                )

            interval = conf.wait_poll().total_seconds()
            with_poller, looked, seen = asyncio.run(_measure(used, waits, seconds, wakes, postgres.url("waits")))
            before = used()
            time.sleep(seconds)
            idle = used().since(before)
    _print(waits, interval, seconds, with_poller, looked, idle, seen)


def _fill(url: str, libpq_url: str, waits: int) -> None:
    """Create a workflow and a wait for it through the store, and copy both many times."""
    import psycopg
    from psycopg import sql
    from sqlalchemy import create_engine

    from airflow_wfstate.backends.database import DatabaseBackend
    from airflow_wfstate.store.database import schema, wait_tables
    from tests.support.airflow_rows import AirflowRows
    from tests.support.waiting import Watch, for_workflow
    from tests.support.world import World

    engine = create_engine(url)
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    workflow_id = world.start(key="original").workflow.id
    wait_id = Watch(world, for_workflow("original"), timeout=7 * 86_400).register().wait_id
    engine.dispose()
    copies = (
        (_COPY_WORKFLOWS, schema.workflow, {"id": _WORKFLOW_ID, "key": "'key ' || n"}, workflow_id),
        (
            _COPY_WAITS,
            wait_tables.wait,
            {
                "id": _WAIT_ID,
                "waiter": "md5('waiter ' || n) || md5('' || n)",
                "target_key": "'key ' || n",
                "target_workflow_id": _WORKFLOW_ID,
            },
            wait_id,
        ),
    )
    with psycopg.connect(libpq_url, autocommit=True) as connection:
        for statement, table, changed, original in copies:
            names = [column.name for column in table.columns if column.computed is None]
            values = [sql.SQL(changed[name]) if name in changed else sql.SQL(f"w.{name}") for name in names]
            connection.execute(
                sql.SQL(statement).format(
                    columns=sql.SQL(", ").join(map(sql.Identifier, names)), values=sql.SQL(", ").join(values)
                ),
                (waits, original),
            )
        connection.execute("VACUUM ANALYZE")


async def _measure(
    used: Callable[[], Used], waits: int, seconds: int, wakes: int, libpq_url: str
) -> tuple[Used, int, list[float]]:
    """The cost while nothing ends, the number of polls, and how soon each end is noticed."""
    import hashlib
    import uuid

    import psycopg

    from airflow_wfstate import conf
    from airflow_wfstate.triggers.wait import WaitTrigger

    fired: dict[int, float] = {}
    looks = _counted_looks()

    async def wait_for(number: int) -> None:
        wait_id = str(uuid.UUID(hashlib.md5(f"wait {number}".encode(), usedforsecurity=False).hexdigest()))
        async for _ in WaitTrigger(wait_id, "wfstate_default").run():
            fired[number] = time.monotonic()

    waiting = [asyncio.create_task(wait_for(number)) for number in range(1, waits + 1)]
    await asyncio.sleep(_SETTLING_SECONDS)
    before, looked = used(), len(looks)
    await asyncio.sleep(seconds)
    cost, looked = used().since(before), len(looks) - looked
    if fired:
        raise RuntimeError("A wait ended that should have continued.")
    latencies, chance = [], random.Random(1)  # noqa: S311 - no secret
    connection = await psycopg.AsyncConnection.connect(libpq_url, autocommit=True)
    async with connection:
        for number in range(1, wakes + 1):
            # At a random moment of the poller's interval, which started when the previous wait ended.
            await asyncio.sleep(chance.uniform(0, conf.wait_poll().total_seconds()))
            await connection.execute(
                "UPDATE wfstate_workflow SET state = 'succeeded' WHERE key = %s", (f"key {number}",)
            )
            ended = time.monotonic()
            await waiting[number - 1]
            latencies.append(fired[number] - ended)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return cost, looked, latencies


def _counted_looks() -> list[float]:
    """Record when each poll of this process begins, from now on."""
    from airflow_wfstate.triggers.wait_poller import WaitPoller

    looks: list[float] = []
    plain = WaitPoller._look

    async def counted(poller: WaitPoller, wait_ids: list[str]) -> None:
        looks.append(time.monotonic())
        await plain(poller, wait_ids)

    WaitPoller._look = counted  # type: ignore[method-assign]  # nothing else reports a poll
    return looks


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """CPU time of the processes so far, user and system; processes that have ended do not count."""
    return float(sum(sum(process.cpu_times()[:2]) for process in processes))


def _connection(url: str) -> str:
    import json

    return json.dumps({"conn_type": "wfstate", "host": url, "login": "admin", "password": "admin"})


def _print(
    waits: int, interval: float, seconds: int, cost: Used, looked: int, idle: Used, latencies: list[float]
) -> None:
    print(
        f"{waits:,} waits, a look at least every {interval:g} s, measured for {seconds} s: {looked} looks "
        f"(load {os.getloadavg()[0]:.0f})."
    )
    print("| part | % of a core | of that without waits | CPU ms a look |")
    print("|---|---:|---:|---:|")
    for name in ("triggerer", "api_server", "postgres"):
        spent, without = getattr(cost, name), getattr(idle, name)
        print(
            f"| {name.replace('_', '-')} | {100 * spent / seconds:.2f} | {100 * without / seconds:.2f} | "
            f"{1000 * (spent - without) / max(looked, 1):.0f} |"
        )
    high = quantiles(latencies, n=20, method="inclusive")[18] if len(latencies) > 1 else latencies[0]
    print(
        f"From an end to its trigger: median {median(latencies):.2f} s, 95 % {high:.2f} s, "
        f"at most {max(latencies):.2f} s ({len(latencies)} ends)."
    )


if __name__ == "__main__":
    main()
