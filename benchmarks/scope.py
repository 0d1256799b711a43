"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """The size of one run of the benchmark.

    :param steps: measured in each turn of each line; a multiple of ``steps_a_workflow``.
    :param steps_a_workflow: done in one workflow before the next one.
    :param writers: how many at once, in each of the runs; the first is one alone.
    :param turns: how often each line has its turn. The lines alternate, so that drift of the machine cancels.
    :param rows: earlier steps in the database that is not empty; a multiple of 100.
    :param calls: of each kind from a task of a live Airflow.
    :param dbos: whether DBOS Transact is measured too.
    :param import_turns: how often each public name is imported by a process of its own; 0: not at all.
    :param airflow: whether Airflow's own task_state_store is measured too.
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
"""Shows that everything works; its figures mean nothing."""
