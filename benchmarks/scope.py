"""How much to measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """The size of one run of the benchmark.

    :param steps: steps per turn of each line; a multiple of ``steps_a_workflow``.
    :param steps_a_workflow: steps in one workflow before the next one starts.
    :param writers: how many writers at once, for each of the runs; the first run has one.
    :param turns: turns of each line. The lines alternate, so that a drift of the machine cancels out.
    :param rows: earlier steps in the database with a history; a multiple of 100.
    :param calls: calls of each kind from a task of a live Airflow.
    :param dbos: whether to measure DBOS Transact too.
    :param import_turns: how often a separate process imports each public name; 0 leaves this out.
    :param airflow: whether to measure Airflow's own task_state_store too.
    """

    steps: int = 200
    steps_a_workflow: int = 100
    writers: tuple[int, ...] = (1, 8)
    turns: int = 5
    rows: int = 1_000_000
    calls: int = 200
    import_turns: int = 3
    dbos: bool = True
    airflow: bool = True


QUICK = Scope(steps=10, steps_a_workflow=10, writers=(1, 2), turns=1, rows=1_000, calls=20, import_turns=0)
"""Only checks that everything works; the figures mean nothing."""
