"""The story: five scenarios, one after the other, and how each came out."""

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
    ("Shipping fails for good: what was done is undone, in both DAGs", shipping_fails),
    ("A long step is killed half-way, and goes on from its checkpoint", killed_half_way),
    ("The same order again: nothing is done twice", submitted_again),
    ("A payment service declines: what a DAG and another service did is undone, in one order", payment_declined),
)


@dataclass(frozen=True)
class Outcome:
    """How a scenario came out.

    :param held: whether all that it promises was found.
    :param finding: what was found, in one line or more.
    """

    title: str
    held: bool
    finding: str


def tell(stage: Stage, on_begin: Callable[[str], None]) -> Iterator[Outcome]:
    """Play the scenarios, and give the outcome of each as soon as it is known.

    :param on_begin: told the title of each scenario as it begins.
    """
    for title, play in SCENARIOS:
        on_begin(title)
        try:
            yield Outcome(title, True, play(stage))
        except (NotHeld, Refused, httpx.HTTPError, psycopg.Error) as error:
            yield Outcome(title, False, str(error))
