"""``python -m benchmarks.events``: how many service events an api-server receives and applies per second.

One api-server process runs on PostgreSQL. The workflows consist of services only, with seven events each. The events of
several workflows are shuffled. Two senders send them in batches, and sixteen senders send them one by one.

The same run also measures the floor: a bare batched INSERT of as many rows of the same size with psycopg, which applies
nothing. The lines take turns, so that a drift of the machine affects all of them. The figures are medians of the turns.
Finally, everything is measured again on top of a million stored events.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final
from uuid import uuid4

_NAME: Final = "order_to_cash"
_STEPS: Final = ("place", "invoice", "pay", "prepare", "deliver", "confirm", "archive")
_BASE: Final = "wfstate"
_SENDERS: Final = 2
_SINGLE_SENDERS: Final = 16

DEFINITION: Final = {
    "name": _NAME,
    "key": "$.data.order",
    "starts_on": ["place"],
    "plan": [f"shop.{step}" for step in _STEPS],
    "on_failure": "hold",
    "participants": {
        "shop": {
            "sources": ["https://shop.example/"],
            "users": ["admin"],
            "events": {step: {"step": step, "is": "succeeded", "output": "$.data"} for step in _STEPS},
        }
    },
}


@dataclass(frozen=True)
class Used:
    """CPU seconds of the three that share the machine. Unlike a rate, they show the cost even on a busy machine."""

    client: float = 0
    api_server: float = 0
    postgres: float = 0

    def __add__(self, other: Used) -> Used:
        return Used(self.client + other.client, self.api_server + other.api_server, self.postgres + other.postgres)

    def since(self, before: Used) -> Used:
        """The difference to an earlier value."""
        return Used(self.client - before.client, self.api_server - before.api_server, self.postgres - before.postgres)


@dataclass
class Line:
    """The figures of one line, over all its turns.

    :param rates: events per second, one for each turn.
    :param calls: seconds of each call.
    :param used: CPU seconds of all turns.
    :param events: number of events in all turns.
    """

    rates: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    used: Used = field(default_factory=Used)
    events: int = 0

    @property
    def rate(self) -> float:
        """The median of events per second."""
        return median(self.rates)

    @property
    def cost(self) -> float:
        """CPU seconds of the api-server and PostgreSQL per event."""
        return (self.used.api_server + self.used.postgres) / self.events


def events_of(workflows: int) -> list[dict[str, Any]]:
    """Create the events of new workflows, shuffled within a window."""
    made = []
    for _ in range(workflows):
        key = uuid4().hex
        made += [
            {
                "specversion": "1.0",
                "id": f"{key}-{step}",
                "source": "https://shop.example/",
                "type": step,
                "time": f"2026-01-01T10:00:{number:02}Z",
                "data": {"order": key, "amount": 17.5, "note": "as the customer asked"},
            }
            for number, step in enumerate(_STEPS)
        ]
    window = 200
    random.seed(17)
    for start in range(0, len(made), window):
        part = made[start : start + window]
        random.shuffle(part)
        made[start : start + window] = part
    return made


def main() -> None:
    """Parse the command line, measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--batches", type=int, default=10, help="batches per sender in a turn (default: 10)")
    parser.add_argument("--batch", type=int, default=1000, help="events per batch (default: 1000)")
    parser.add_argument("--singles", type=int, default=1000, help="events sent one by one in a turn (default: 1000)")
    parser.add_argument("--turns", type=int, default=5, help="turns of each line (default: 5)")
    parser.add_argument(
        "--stored", type=int, default=1_000_000, help="events stored before the second measurement (default: 1000000)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-events-") as folder:
        # Airflow creates its home on first import. Put it here, not into the user's home.
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        _measure(Path(folder), arguments)


def _measure(folder: Path, arguments: argparse.Namespace) -> None:
    from demo.postgres import EmbeddedPostgres
    from tests.support.api_server import running_api_server
    from tests.support.postgres import migrate

    with EmbeddedPostgres(folder / "postgres") as postgres:
        postgres.create_database(_BASE)
        (folder / "migration").mkdir()
        url = postgres.url(_BASE, "psycopg2")
        migrate(url, folder / "migration")
        _make_floor(postgres.url(_BASE))
        with running_api_server(url, folder / "api-server") as server:
            bench = _Bench(server.url, server.token(), postgres.url(_BASE), arguments, _meter(folder, server.pid))
            bench.apply_definition()
            bench.warm_up()
            empty = bench.measure()
            _print("an empty database", empty)
            if arguments.stored:
                _fill(postgres.url(_BASE), arguments.stored)
                full = bench.measure()
                _print(f"{arguments.stored:,} stored events", full)
                for label, line in full.items():
                    before = empty[label]
                    print(f"growth, {label}: {before.rate / line.rate:.2f}; of the CPU {line.cost / before.cost:.2f}")


def _meter(folder: Path, api_server: int) -> Callable[[], Used]:
    import psutil

    from benchmarks.waits import cpu_seconds

    server = psutil.Process(api_server)
    postgres = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))

    def used() -> Used:
        ended = sum(postgres.cpu_times()[2:4])  # the postmaster adds up its children that have ended
        running = cpu_seconds(postgres.children(recursive=True))
        return Used(time.process_time(), cpu_seconds([server]), running + ended)

    return used


class _Bench:
    def __init__(
        self, url: str, token: str, libpq_url: str, arguments: argparse.Namespace, used: Callable[[], Used]
    ) -> None:
        self._url = f"{url}/wfstate/v1"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._libpq_url = libpq_url
        self._arguments = arguments
        self._used = used

    def apply_definition(self) -> None:
        import httpx

        body = {"text": json.dumps(DEFINITION)}
        httpx.put(f"{self._url}/definitions/{_NAME}", json=body, headers=self._headers, timeout=120).raise_for_status()

    def warm_up(self) -> None:
        self._send_batches(Line(), 2)
        self._send_singles(Line(), 200)

    def measure(self) -> dict[str, Line]:
        lines: dict[str, Callable[[Line], None]] = {
            "floor: bare batched INSERT": self._insert_bare,
            "batched": lambda line: self._send_batches(line, self._arguments.batches),
            "single": lambda line: self._send_singles(line, self._arguments.singles),
        }
        measured = {label: Line() for label in lines}
        for turn in range(self._arguments.turns):
            for label in list(lines)[:: 1 if turn % 2 else -1]:
                lines[label](measured[label])
        return measured

    def _send_batches(self, line: Line, batches: int) -> None:
        size = self._arguments.batch
        events = events_of(_SENDERS * batches * size // len(_STEPS) + 1)
        bodies = [json.dumps(events[start : start + size]).encode() for start in range(0, len(events), size)]
        bodies = bodies[: _SENDERS * batches]
        content = {"Content-Type": "application/cloudevents-batch+json"}
        self._send(line, [bodies[number::_SENDERS] for number in range(_SENDERS)], content, size)

    def _send_singles(self, line: Line, singles: int) -> None:
        bodies = [json.dumps(event).encode() for event in events_of(singles // len(_STEPS) + 1)][:singles]
        content = {"Content-Type": "application/cloudevents+json"}
        self._send(line, [bodies[number::_SINGLE_SENDERS] for number in range(_SINGLE_SENDERS)], content, 1)

    def _send(self, line: Line, shares: Sequence[Sequence[bytes]], content: dict[str, str], size: int) -> None:
        import httpx

        def client(bodies: Sequence[bytes]) -> list[float]:
            seconds = []
            with httpx.Client(headers={**self._headers, **content}, timeout=120) as http:
                for body in bodies:
                    first = time.perf_counter()
                    answer = http.post(f"{self._url}/events", content=body).raise_for_status().json()
                    seconds.append(time.perf_counter() - first)
                    verdicts = {result["verdict"] for result in answer["results"]}
                    if not verdicts <= {"applied", "parked"}:
                        raise RuntimeError(f"Unexpected verdicts on events: {verdicts}.")
            return seconds

        self._run(line, client, shares, size)

    def _run(
        self, line: Line, client: Callable[[Sequence[Any]], list[float]], shares: Sequence[Sequence[Any]], size: int
    ) -> None:
        """Run one client per share, all at once; each returns the seconds of its calls."""
        before, began = self._used(), time.perf_counter()
        with ThreadPoolExecutor(len(shares)) as pool:
            calls = [second for seconds in pool.map(client, shares) for second in seconds]
            events = len(calls) * size
            line.rates.append(events / (time.perf_counter() - began))
            line.used += self._used().since(before)
        line.events += events
        line.calls += calls

    def _insert_bare(self, line: Line) -> None:
        """Insert as many rows as the batches hold, over as many connections, in one transaction per batch."""
        import psycopg

        size, batches = self._arguments.batch, self._arguments.batches
        events = events_of(_SENDERS * batches * size // len(_STEPS) + 1)
        rows = [_bare_row(event) for event in events]
        parts = [rows[start : start + size] for start in range(0, len(rows), size)][: _SENDERS * batches]

        def client(share: Sequence[Sequence[tuple[str, ...]]]) -> list[float]:
            seconds = []
            with psycopg.connect(self._libpq_url) as connection:
                for part in share:
                    first = time.perf_counter()
                    with connection.transaction(), connection.cursor() as cursor:
                        cursor.executemany(_FLOOR, part)
                    seconds.append(time.perf_counter() - first)
            return seconds

        self._run(line, client, [parts[number::_SENDERS] for number in range(_SENDERS)], size)


_FLOOR: Final = (
    "INSERT INTO floor_event (source, id, type, body, sha256, received_at) VALUES (%s, %s, %s, %s, %s, now())"
)


def _bare_row(event: dict[str, Any]) -> tuple[str, ...]:
    body = json.dumps(event, sort_keys=True)
    return event["source"], event["id"], event["type"], body, hashlib.sha256(body.encode()).hexdigest()


def _make_floor(libpq_url: str) -> None:
    import psycopg

    with psycopg.connect(libpq_url) as connection:
        connection.execute(
            "CREATE TABLE floor_event (source varchar(250), id varchar(250), type varchar(250), body text, "
            "sha256 varchar(64), received_at timestamptz, PRIMARY KEY (source, id))"
        )


def _fill(libpq_url: str, stored: int) -> None:
    """Store applied events, as the intake would have stored them."""
    import psycopg

    body = json.dumps(events_of(1)[0], sort_keys=True)
    with psycopg.connect(libpq_url) as connection:
        for table, columns, values in (
            (
                "wfstate_event",
                "state, workflow_id, step_id, body_type, body_sha256, sender, changed_at, type, body, source, id, "
                "received_at",
                "'applied', md5(n::text)::uuid, md5(n::text)::uuid, 'cloudevent', repeat('0', 64), 'user:admin', now()",
            ),
            ("floor_event", "sha256, type, body, source, id, received_at", "repeat('0', 64)"),
        ):
            connection.execute(
                f"INSERT INTO {table} ({columns}) SELECT {values}, 'pay', %s, 'https://shop.example/', "  # noqa: S608
                f"md5(n::text), now() FROM generate_series(1, {stored}) n",
                [body],
            )
    with psycopg.connect(libpq_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _print(where: str, lines: dict[str, Line]) -> None:
    print(f"\nOn {where} (load {os.getloadavg()[0]:.0f}; CPU in microseconds an event):")
    print("| what | events/s | p50 of a call, ms | p99, ms | client | api-server | PostgreSQL |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for label, line in lines.items():
        high = quantiles(line.calls, n=100)[98] if len(line.calls) > 1 else line.calls[0]
        used = (line.used.client, line.used.api_server, line.used.postgres)
        cpu = " | ".join(f"{1e6 * seconds / line.events:.0f}" for seconds in used)
        print(
            f"| {label} | {line.rate:.0f} | {1000 * median(line.calls):.1f} | {1000 * high:.1f} | {cpu} |", flush=True
        )


if __name__ == "__main__":
    main()
