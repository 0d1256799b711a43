"""The story: five scenarios, one after the other, and the outcome of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import psycopg

from demo.choreography import payment_declined
from demo.client import Refused
from demo.scenarios import killed_half_way, order_across_two_dags, shipping_fails, submitted_again
from demo.stage import NotHeld, Stage

SCENARIOS: tuple[tuple[str, Callable[[Stage], str]], ...] = (
    ("An order succeeds across two DAGs", order_across_two_dags),
    ("Shipping fails permanently: the finished steps of both DAGs are undone", shipping_fails),
    ("A long step is killed half-way, and its retry continues from the checkpoint", killed_half_way),
    ("The same order is submitted again: nothing is done twice", submitted_again),
    ("A payment service declines: the work of a DAG and of another service is undone", payment_declined),
)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a scenario.

    :param held: whether everything was as expected.
    :param finding: what was found, in one or more lines.
    """

    title: str
    held: bool
    finding: str


def tell(stage: Stage, on_begin: Callable[[str], None]) -> Iterator[Outcome]:
    """Run the scenarios, and yield the outcome of each as soon as it is known.

    :param on_begin: called with the title of each scenario when it starts.
    """
    for title, play in SCENARIOS:
        on_begin(title)
        try:
            yield Outcome(title, True, play(stage))
        except (NotHeld, Refused, httpx.HTTPError, psycopg.Error) as error:
            yield Outcome(title, False, str(error))
