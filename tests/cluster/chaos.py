"""Chaos: workflows of every kind on a cluster, while one part after another is killed; then everything is compared."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo.cluster.cluster import Cluster
from demo.cluster.home import ClusterHome
from demo.folder import CHECKOUT
from demo.running import AirflowDidNotStart
from demo.stage import Stage
from tests.cluster.effects import Effects
from tests.cluster.faults import Fault, Faults
from tests.cluster.kinds import DAGS
from tests.cluster.stock import Stock
from tests.cluster.verify import Verdict, verify
from tests.cluster.workload import Order, Workload
from tests.support.webhook_receiver import Receiver, running_receiver

HEALTHY_SECONDS = 300
_QUIET_PATIENCE_SECONDS = 420
"""How long there may be no sign of life. Airflow itself takes long to notice that all tasks of a worker are lost."""


@dataclass
class Found:
    """The result of a chaos run.

    :param orders: all workflows that were submitted, including those after the faults.
    :param healed_in: seconds from the last fault until every part was healthy.
    :param quiet_in: seconds from then until every workflow had ended.
    :param after_in: seconds that one more workflow of each kind took, afterwards.
    :param restarts: how often each part was restarted.
    """

    seed: int
    faults: list[Fault] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    signs: dict[str, list[float]] = field(default_factory=dict)
    healed_in: float = 0
    quiet_in: float = 0
    after_in: float = 0
    restarts: dict[str, int] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def complaints(self) -> list[str]:
        """What was lost, doubled or wrong."""
        return self.verdict.complaints


@dataclass(frozen=True)
class Place:
    """A cluster for chaos.

    :param folder: an empty folder.
    """

    cluster: Cluster
    home: ClusterHome
    effects: Effects
    folder: Path


_DAG_FILES = (*(CHECKOUT / "dags").glob("*.py"), *Path(__file__).with_name("dags").glob("*.py"))


@contextmanager
def place(
    folder: Path,
    dag_files: Iterable[Path] = _DAG_FILES,
    more: Mapping[str, str] | None = None,
    airflow: Path | None = None,
) -> Iterator[Place]:
    """Start a cluster, and yield it when it is healthy.

    :param folder: an empty folder.
    :param dag_files: files, and packages beside them; by default the DAGs of the demo and of tests/cluster/dags.
    :param more: environment variables for every process of Airflow, and for the tasks on its workers.
    :param airflow: the command ``airflow`` of the installation that its parts run; None for the one that runs this.
    """
    dags = folder / "dags"
    dags.mkdir()
    for source in dag_files:
        if source.is_dir():
            shutil.copytree(source, dags / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, dags)
    effects = Effects(folder / "effects.db")
    home = ClusterHome(folder / "cluster", dags, {"WFSTATE_EFFECTS": str(effects.path), **(more or {})}, airflow)
    home.occupy()
    home.start_postgres()
    try:
        with home.airflow() as cluster:
            cluster.wait_until_healthy(HEALTHY_SECONDS)
            yield Place(cluster, home, effects, folder)
    finally:
        home.leave()


def chaos(
    where: Place,
    seconds: float,
    seed: int,
    pause_seconds: tuple[float, float] = (10, 30),
    open_at_most: int = 8,
    say: Callable[[str], None] = print,
) -> Found:
    """Make faults for some time, heal, wait until everything has ended, and compare.

    :param pause_seconds: the shortest and the longest time between two faults.
    """
    found = Found(seed)
    cluster = where.cluster
    with running_receiver() as receiver, closing(cluster.client()) as client:
        prepare(where, receiver)
        stock = Stock(cluster.client)
        stock.start(receiver)
        choice = random.Random(seed)  # noqa: S311 - no secret
        workload = Workload(cluster.client, where.effects, choice, f"chaos-{seed}", open_at_most)
        workload.start()
        try:
            found.faults = _make_faults(cluster, seconds, random.Random(seed), pause_seconds, say)  # noqa: S311 - no secret
            workload.submit_no_more()
            try:
                found.healed_in = _timed(lambda: cluster.wait_until_healthy(HEALTHY_SECONDS))
            except AirflowDidNotStart as error:
                found.verdict.complaints.append(str(error))
            say(f"healthy again after {found.healed_in:.0f} s; {len(workload.open_orders())} workflows are open")
            found.quiet_in = _timed(lambda: wait_until_quiet(workload, where.effects))
            workload.submit_all_kinds()
            found.after_in = _timed(lambda: wait_until_quiet(workload, where.effects))
        finally:
            workload.stop()
        found.orders = list(workload.orders.values())
        found.restarts = dict(cluster.restarts)
        found.signs = _signs(found.orders, where.effects)
        unhealthy = found.complaints
        found.verdict = verify(client, found.orders, where.effects, stock)
        found.verdict.complaints += [*unhealthy, *_of_delivery(found.orders, receiver)]
    return found


def prepare(where: Place, receiver: Receiver) -> None:
    """Wait for the DAGs, apply the definition, and subscribe the receiver to starts and ends."""
    text = (CHECKOUT / "dags" / "definitions" / "choreographed_order.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("choreographed_order", "chaos_choreographed"),
        ("    users: [svc-stock]", "    users: [admin]\n    subscription: chaos-stock"),
        ("[svc-payments]", "[admin]"),
        ("PT10M", "PT2H"),
    ):
        text = text.replace(old, new)
    with closing(where.cluster.client()) as client:
        stage = Stage(where.cluster, client, "", look=lambda: None, label="chaos")
        stage.wait_for("Airflow to parse the DAGs", lambda: all(client.has_dag(dag_id) for dag_id in DAGS))
        client.apply_definition("chaos_choreographed", text)
        client.subscribe("chaos-stock", receiver.url, names=["chaos_choreographed"], kinds=["workflow.started"])
        told = ["workflow.started", "workflow.succeeded", "workflow.compensated"]
        client.subscribe("audit", f"{receiver.url}/audit", kinds=told)


def _make_faults(
    cluster: Cluster,
    seconds: float,
    choice: random.Random,
    pause_seconds: tuple[float, float],
    say: Callable[[str], None],
) -> list[Fault]:
    began = time.monotonic()
    made: list[Fault] = []
    for fault in _paused(Faults(cluster, choice).endless(), choice, pause_seconds, began + seconds):
        made.append(fault)
        say(f"{time.monotonic() - began:4.0f} s  {fault.kind}: {fault.part}")
    return made


def _paused(
    faults: Iterator[Fault], choice: random.Random, pause_seconds: tuple[float, float], until: float
) -> Iterator[Fault]:
    while True:
        pause = choice.uniform(*pause_seconds)
        if time.monotonic() + pause > until:
            return
        time.sleep(pause)
        yield next(faults)


def wait_until_quiet(workload: Workload, effects: Effects) -> None:
    """Wait until every workflow has ended, or nothing happens any more; the comparison then shows what is missing."""
    last, since = None, time.monotonic()
    while workload.open_orders() and time.monotonic() - since < _QUIET_PATIENCE_SECONDS:
        now = (len(workload.open_orders()), len(effects.all()), [order.state for order in workload.open_orders()])
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(1)


def _signs(orders: list[Order], effects: Effects) -> dict[str, list[float]]:
    """When each workflow gave a sign of life: when it was submitted, did something outside, or ended."""
    signs = {order.key: [order.submitted_at] for order in orders}
    for effect in effects.all():
        signs[effect.workflow].append(effect.at)
    for order in orders:
        if order.ended_at is not None:
            signs[order.key].append(order.ended_at)
    return {key: sorted(times) for key, times in signs.items()}


def _of_delivery(orders: list[Order], receiver: Receiver) -> Iterator[str]:
    """Complaints, unless the webhook received each workflow's start and end, in this order."""
    wanted = {order.key: ["workflow.started", f"workflow.{order.kind.state}"] for order in orders}
    deadline = time.monotonic() + 120  # deliveries that were refused while parts were down come again after some time
    while any((told := _told(receiver)).get(key) != kinds for key, kinds in wanted.items()):
        if time.monotonic() > deadline:
            break
        time.sleep(1)
    for key, kinds in wanted.items():
        if told.get(key) != kinds:
            yield f"{key}: the webhook was told {told.get(key)}, not {kinds}."


def _told(receiver: Receiver) -> dict[str, list[str]]:
    """The kinds that the webhook received for each workflow's key, each event once, in the order of arrival."""
    told: dict[str, dict[str, str]] = {}
    with receiver.lock:
        received = [delivery for delivery in receiver.received if delivery.path.endswith("/audit")]
    for delivery in received:
        key = str(delivery.event["subject"]).partition("/")[2]
        told.setdefault(key, {})[delivery.event["id"]] = delivery.kind
    return {key: list(kinds.values()) for key, kinds in told.items()}


def _timed(wait: Callable[[], None]) -> float:
    began = time.monotonic()
    wait()
    return time.monotonic() - began
