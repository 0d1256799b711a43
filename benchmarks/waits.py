"""``python -m benchmarks.waits``: what ten thousand waits of one triggerer cost, and how soon one that ends is told.

Each wait is for another workflow. This process is the triggerer: it has the poller and a trigger for each wait, and
asks an api-server on PostgreSQL as a triggerer does. The CPU time of the three is counted for a while in which nothing
ends, and again for as long without a poller: the difference is what waiting costs. Then some of the workflows succeed,
one after the other, and it is measured how soon the trigger fires. What Airflow adds until the task runs again is not
in it.
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
    """CPU seconds of the parts."""

    triggerer: float
    api_server: float
    postgres: float

    def since(self, before: Used) -> Used:
        """What was used since."""
        return Used(
            self.triggerer - before.triggerer, self.api_server - before.api_server, self.postgres - before.postgres
        )


def main() -> None:
    """Parse the command line, and do it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waits", description=__doc__)
    parser.add_argument("--waits", type=int, default=_WAITS)
    parser.add_argument("--seconds", type=int, default=_SECONDS, help="for which each of both is measured")
    parser.add_argument("--wakes", type=int, default=_WAKES, help="waits that end while somebody looks")
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
    """A workflow and a wait for it, made by the store itself, and copies of both."""
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
    """What is used while nothing ends, in how many looks, and how soon each of some ends is told."""
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
        raise RuntimeError("A wait has ended that was to go on.")
    latencies, chance = [], random.Random(1)  # noqa: S311 - no secret
    connection = await psycopg.AsyncConnection.connect(libpq_url, autocommit=True)
    async with connection:
        for number in range(1, wakes + 1):
            # At any moment of the poller's interval, which began anew when the wait before this one was told.
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
    """When each look of this process began, from now on."""
    from airflow_wfstate.triggers.wait_poller import WaitPoller

    looks: list[float] = []
    plain = WaitPoller._look

    async def counted(poller: WaitPoller, wait_ids: list[str]) -> None:
        looks.append(time.monotonic())
        await plain(poller, wait_ids)

    WaitPoller._look = counted  # type: ignore[method-assign]  # nothing else tells of a look
    return looks


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """What the processes have used so far, in the kernel and outside it; nothing of those that have ended."""
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
