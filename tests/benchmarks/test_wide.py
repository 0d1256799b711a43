"""Work on a wide workflow costs what its answer costs. Statements and rows are checked here, times are not."""

from __future__ import annotations

import pytest

from benchmarks.wide_run import Costs, measure, table

_SMALL, _LARGE = 60, 240
_PAGES = ("list page", "detail", "steps page", "journal page", "compensations page")
_WHOLE = ("cancel plan", "cancel", "resume plan", "compensate plan", "resume", "compensate")


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Costs:
    return measure(tmp_path_factory.mktemp("wide"), [_SMALL, _LARGE])


@pytest.mark.parametrize("what", _PAGES)
def test_a_page_reads_as_much_at_each_width(costs: Costs, what: str) -> None:
    small, large = costs[what][_SMALL], costs[what][_LARGE]

    assert large.statements == small.statements
    assert (large.rows or 0) <= (small.rows or 0) + 20, "a list has some rows more for each further workflow"


@pytest.mark.parametrize("what", _PAGES[1:-1])
def test_a_page_transfers_as_much_at_each_width(costs: Costs, what: str) -> None:
    small, large = costs[f"{what}, over HTTP"][_SMALL], costs[f"{what}, over HTTP"][_LARGE]

    assert (large.size or 0) <= 1.1 * (small.size or 0)


def test_a_turn_does_not_depend_on_the_width(costs: Costs) -> None:
    small, large = costs["a turn"][_SMALL], costs["a turn"][_LARGE]

    assert (large.statements, large.rows) == (small.statements, small.rows)


@pytest.mark.parametrize("what", _WHOLE)
def test_an_action_sends_no_statement_for_each_item(costs: Costs, what: str) -> None:
    small, large = costs[what][_SMALL], costs[what][_LARGE]

    further = (large.statements or 0) - (small.statements or 0)
    # Airflow itself sends eight statements for each task that it clears: a tenth of the items have failed.
    assert further <= (8 * (_LARGE - _SMALL) // 10 if what == "resume" else 2)


@pytest.mark.parametrize("what", _WHOLE)
def test_an_action_reads_rows_in_proportion(costs: Costs, what: str) -> None:
    small, large = costs[what][_SMALL], costs[what][_LARGE]

    assert (large.rows or 0) <= 1.2 * (_LARGE / _SMALL) * (small.rows or 1)


def test_the_plan_of_a_resume_reads_each_step_and_each_task_once(costs: Costs) -> None:
    small, large = costs["resume plan"][_SMALL], costs["resume plan"][_LARGE]

    assert (large.rows or 0) - (small.rows or 0) == 2 * (_LARGE - _SMALL)


def test_the_table_has_a_line_for_each_thing(costs: Costs) -> None:
    lines = table(costs).splitlines()

    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == list(costs)
