"""``python -m benchmarks.cluster_load``: what steps add to the throughput of a cluster, beside plain tasks.

Many runs of ten tasks in a row are triggered at once on the cluster of ``make cluster``; when all have ended, the next
kind has its turn: plain tasks, steps, classic operators, and those with ``durable``. Each kind has a short run first,
which is not counted. The machine is busy all the time, so that the wall time is what the CPUs carry.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psutil

    from demo.client import AirflowClient
    from demo.cluster.cluster import Cluster

_TASKS: Final = 10
_PAIRS: Final = {"steps": "plain", "made_durable": "classic"}
"""Of each DAG with the package, the one without it."""

_PARTS: Final = ("api-server", "scheduler", "worker", "postgres")
_TIMEOUT_SECONDS: Final = 3600

_AS_IN_PRODUCTION: Final = {"AIRFLOW__WFSTATE__TURN_INTERVAL_SECONDS": "5"}
"""The default of an option that the demo's cluster shortens, so that nobody has to wait for an undo."""


@dataclass(frozen=True)
class Turn:
    """What one kind took.

    :param seconds: from the first trigger to the end of the last run.
    :param cpu: seconds of the processes of each part.
    """

    seconds: float
    cpu: dict[str, float]


@dataclass
class Measured:
    """The turns of each kind."""

    runs: int
    turns: dict[str, list[Turn]] = field(default_factory=dict)

    def seconds(self, kind: str) -> float:
        """Wall time of a run of this kind, the median of its turns."""
        return median(turn.seconds for turn in self.turns[kind])

    def cpu_ms(self, kind: str, part: str) -> float:
        """CPU of a part for one task."""
        return 1000 * median(turn.cpu[part] for turn in self.turns[kind]) / (self.runs * _TASKS)

    def ratio(self, kind: str, part: str | None = None) -> float:
        """With the package to without it: the median of the turns that followed each other.

        :param part: whose CPU is compared; None for the wall time.
        """
        pairs = zip(self.turns[kind], self.turns[_PAIRS[kind]], strict=True)
        if part is None:
            return median(with_it.seconds / without.seconds for with_it, without in pairs)
        return median(with_it.cpu[part] / without.cpu[part] for with_it, without in pairs)


def main() -> int:
    """Parse the command line, and do it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster_load", description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="of ten tasks, triggered at once")
    parser.add_argument("--turns", type=int, default=3, help="of each kind")
    parser.add_argument("--kinds", nargs="*", choices=list(_PAIRS), default=list(_PAIRS))
    arguments = parser.parse_args()
    from demo.cluster.home import ClusterHome

    with tempfile.TemporaryDirectory(prefix="wfstate-load-") as folder:
        home = ClusterHome(Path(folder) / "cluster", Path(__file__).with_name("cluster_dags"), _AS_IN_PRODUCTION)
        home.occupy()
        home.start_postgres()
        cluster = home.airflow()
        try:
            cluster.start()
            cluster.wait_until_healthy(300)
            with closing(cluster.client()) as client:
                measured = _measure(cluster, client, arguments.runs, arguments.turns, arguments.kinds)
        finally:
            cluster.stop()
            home.postgres.stop()
    for line in _table(measured, arguments.kinds):
        print(line)
    return 0


def _measure(cluster: Cluster, client: AirflowClient, runs: int, turns: int, kinds: list[str]) -> Measured:
    measured = Measured(runs)
    order = [kind for with_it in kinds for kind in (_PAIRS[with_it], with_it)]
    _until(lambda: all(client.has_dag(kind) for kind in order), "Airflow to parse the DAGs")
    for kind in order:
        _run(client, kind, f"warm-{kind}", 5)
    for turn in range(turns):
        for kind in order:
            before, began = _cpu(cluster), time.monotonic()
            _run(client, kind, f"turn-{turn}", runs)
            after = _cpu(cluster)
            found = Turn(time.monotonic() - began, {part: after[part] - before[part] for part in after})
            measured.turns.setdefault(kind, []).append(found)
            print(f"turn {turn + 1}, {kind}: {runs * _TASKS / found.seconds:.2f} tasks/s", file=sys.stderr, flush=True)
    return measured


def _run(client: AirflowClient, dag_id: str, label: str, runs: int) -> None:
    """Trigger runs at once, and wait until all have succeeded.

    :raises RuntimeError: one failed, or the time is over.
    """
    for number in range(runs):
        client.trigger(dag_id, f"{label}-{number}", {})

    def all_ended() -> bool:
        if failed := client.count_runs(dag_id, "failed"):
            raise RuntimeError(f"{failed} runs of {dag_id} failed.")
        return client.count_runs(dag_id, "running") + client.count_runs(dag_id, "queued") == 0

    _until(all_ended, f"the runs of {dag_id} to end")


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"Waited {_TIMEOUT_SECONDS} seconds in vain for {what}.")
        time.sleep(0.5)


def _cpu(cluster: Cluster) -> dict[str, float]:
    """CPU seconds that the processes of each part have used so far, with those that they have seen end."""
    from demo.cluster.cluster import PARTS

    found = dict.fromkeys(_PARTS, 0.0)
    for name in PARTS:
        for part in _PARTS:
            if name.startswith(part):
                found[part] += sum(map(_used, cluster.part_processes(name)))
    found["postgres"] = sum(map(_used, cluster.postgres.processes()))
    return found


def _used(process: psutil.Process) -> float:
    import psutil

    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _table(measured: Measured, kinds: list[str]) -> Iterator[str]:
    shown = [kind for with_it in kinds for kind in (_PAIRS[with_it], with_it)]
    yield "| | tasks/s | " + " | ".join(f"{part}, CPU ms a task" for part in _PARTS) + " |"
    yield "|---|" + "---:|" * (1 + len(_PARTS))
    for kind in shown:
        figures = [f"{measured.cpu_ms(kind, part):.0f}" for part in _PARTS]
        yield f"| {kind} | {measured.runs * _TASKS / measured.seconds(kind):.2f} | " + " | ".join(figures) + " |"
    for kind in kinds:
        parts = ", ".join(f"{part} {measured.ratio(kind, part):.2f}" for part in _PARTS)
        yield f"{kind} to {_PAIRS[kind]}: wall time {measured.ratio(kind):.2f}; CPU: {parts}."


if __name__ == "__main__":
    sys.exit(main())
