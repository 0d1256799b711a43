"""What must hold when the faults are over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from demo.client import AirflowClient, Json
from tests.cluster.effects import Effects, by_key, repeated
from tests.cluster.stock import Stock
from tests.cluster.workload import Order


@dataclass
class Verdict:
    """The result of the comparison.

    :param complaints: what was lost, doubled or wrong; empty if nothing was.
    :param attempts: how many attempts of steps ended in which state.
    :param repeated: number of calls that a receiver had received before, with the same key.
    """

    complaints: list[str] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    journal_entries: int = 0
    effects: int = 0
    repeated: int = 0


def verify(client: AirflowClient, orders: list[Order], effects: Effects, stock: Stock) -> Verdict:
    """Compare every workflow with what its input demands, and its effects with what must be done once."""
    verdict = Verdict()
    calls = effects.all()
    verdict.effects, verdict.repeated = len(calls), len(list(repeated(calls)))
    done, reserved = by_key(calls), stock.effects()
    for order in orders:
        verdict.complaints += _of_effects(order, done.get(order.key, Counter()), reserved.get(order.key, Counter()))
        found = client.workflows(name=order.kind.dag_id, key=order.key)
        if [line["state"] for line in found] != [order.kind.state]:
            states = [(line["generation"], line["state"], line["hold_reason"], line["error"]) for line in found]
            verdict.complaints.append(f"{order.key}: its workflows are {states}, not one that is {order.kind.state}.")
        for line in found:
            workflow = client.workflow(line["id"])
            verdict.attempts.update(attempt["state"] for step in workflow["steps"] for attempt in step["attempts"])
            journal = _journal(client, line["id"])
            verdict.journal_entries += len(journal)
            numbers = [entry["number"] for entry in journal]
            if numbers != list(range(1, len(numbers) + 1)):
                verdict.complaints.append(f"{order.key}: the numbers of its journal are {numbers}.")
    return verdict


def _of_effects(order: Order, done: Counter[str], reserved: Counter[str]) -> Iterator[str]:
    kind = order.kind
    wanted = kind.effects
    if kind.may_do and not kind.may_do & set(done):
        wanted = Counter({what: count for what, count in wanted.items() if what not in kind.may_do})
    if done != wanted:
        yield f"{order.key}: lost {dict(wanted - done)}, too much {dict(done - wanted)}."
    if reserved != Counter(kind.stock):
        yield f"{order.key}: the stock service did {dict(reserved)}, not {kind.stock}."


def _journal(client: AirflowClient, workflow_id: str) -> list[Json]:
    entries: list[Json] = client.journal(workflow_id)
    return entries
