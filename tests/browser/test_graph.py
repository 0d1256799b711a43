"""The graph of a workflow: correct arrows, one lane per run, and keyboard navigation."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert, update

from airflow_wfstate.store.database import schema
from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.support.saga import Saga
from tests.support.wide_workflow import add_items
from tests.support.world import World

LONG = "collect_the_statements_of_every_account_" * 5
ITEMS = 2000


@pytest.fixture(scope="session")
def crowded_id(world: World) -> str:
    """A workflow of 2,000 mapped items and a step with a name of 200 characters, whose compensation has failed."""
    saga = Saga.start(world, name="wide")
    saga.done("prepare", LONG)
    add_items(world.rows.engine, saga.workflow_id, saga.run_id, ITEMS)
    saga.fail()
    failed = {"state": "failed", "error": "the bank refuses it", "attempts": 1}
    step_ids = [step.id for step in world.backend.list_steps(saga.workflow_id).steps if step.name == LONG]
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(schema.compensation).where(schema.compensation.c.step_id == step_ids[0]).values(**failed)
        )
    return saga.workflow_id


def graph(page: Page) -> Page:
    """The page after its graph is drawn."""
    expect(page.get_by_role("group", name="Legend")).to_be_visible()
    return page


def overflow(page: Page) -> int:
    """By how many pixels our part of the page overflows."""
    width: int = page.locator("[data-wfstate]").first.evaluate("element => element.scrollWidth - element.clientWidth")
    return width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_runs_are_lanes_with_the_arrow_of_the_step_that_triggered_the_second(
    open_page: OpenPage, story: Story, theme: str
) -> None:
    page = graph(open_page(address(story.running.workflow_id, "graph"), theme=theme))
    region = page.get_by_role("region", name=re.compile("^Graph"))
    for dag_id in ("shop_intake", "shop_fulfilment"):
        expect(region.get_by_role("link", name=dag_id)).to_be_visible()
    expect(region.get_by_role("link", name=re.compile("^charge: succeeded;.*after reserve"))).to_be_visible()
    expect(region.get_by_role("link", name=re.compile("^ship: running;.*in progress;.*after pack"))).to_be_visible()
    expect(region.get_by_role("link", name=re.compile("^complete: not started;.*after fulfil"))).to_be_visible()
    assert region.locator("path[stroke-dasharray]").count() == 1
    expect(page.get_by_role("list").filter(has_text="invoice")).to_be_visible()
    assert faults(page) == []


def test_the_arrow_keys_go_along_the_arrows_and_enter_opens_the_step(open_page: OpenPage, story: Story) -> None:
    page = graph(open_page(address(story.running.workflow_id, "graph")))
    region = page.get_by_role("region", name=re.compile("^Graph"))
    region.get_by_role("link", name=re.compile("^reserve: ")).focus()
    page.keyboard.press("ArrowRight")
    expect(region.get_by_role("link", name=re.compile("^charge: "))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Steps")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("button", expanded=True)).to_be_visible()
    assert "step=" in page.url


def test_an_undone_order_has_the_places_in_the_undo_on_its_boxes(open_page: OpenPage, story: Story) -> None:
    page = graph(open_page(address(story.compensated.workflow_id, "graph")))
    expect(page.get_by_role("link", name=re.compile("^reserve: compensated;.*undo order: done"))).to_be_visible()


@pytest.mark.parametrize("width", [1440, 375])
def test_two_thousand_items_are_one_box_and_long_names_stay_inside(
    open_page: OpenPage, crowded_id: str, width: int
) -> None:
    page = graph(open_page(address(crowded_id, "graph"), width=width))
    items = page.get_by_role("link", name=re.compile("^item: 200 failed, 1800 succeeded;"))
    expect(items).to_be_visible()
    long = page.get_by_role("link", name=re.compile(f"^{LONG}: succeeded;.*undo order: failed"))
    expect(long).to_be_visible()
    box = long.bounding_box()
    assert box is not None
    assert box["width"] <= 200
    assert overflow(page) <= 1
    assert faults(page) == []


def test_it_zooms_by_buttons_and_keys_and_fits(open_page: OpenPage, story: Story) -> None:
    page = graph(open_page(address(story.running.workflow_id, "graph")))
    link = page.get_by_role("link", name=re.compile("^reserve: "))

    def width() -> float:
        box = link.bounding_box()
        assert box is not None
        return box["width"]

    page.get_by_role("button", name="100%").click()
    assert width() == pytest.approx(190, abs=1)
    page.get_by_role("button", name="Zoom in").click()
    assert width() > 200
    link.focus()
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert width() < 160
    page.get_by_role("button", name="Fit").click()
    region = page.get_by_role("region", name=re.compile("^Graph"))
    assert region.evaluate("element => element.scrollWidth - element.clientWidth") <= 1


def test_a_graph_of_many_runs_has_pages(open_page: OpenPage, world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    linked = datetime.now(timezone.utc)
    rows = [
        {"workflow_id": workflow_id, "dag_id": "guests", "run_id": f"guest-{number:02}", "role": "guest"}
        | {"bound": False, "linked_at": linked + timedelta(seconds=number)}
        for number in range(60)
    ]
    with world.rows.engine.begin() as connection:
        connection.execute(insert(schema.run), rows)

    page = graph(open_page(address(workflow_id, "graph")))
    pages = page.get_by_role("group", name="DAG runs in the graph")
    expect(pages).to_contain_text("DAG runs 1 to 50 of 61")
    expect(page.get_by_text("guest-59")).to_have_count(0)
    pages.get_by_role("button", name="Later runs").click()
    expect(pages).to_contain_text("DAG runs 51 to 61 of 61")
    expect(page.get_by_text("guest-59")).to_be_visible()
    assert "runs=50" in page.url
    pages.get_by_role("button", name="Earlier runs").click()
    expect(pages).to_contain_text("DAG runs 1 to 50 of 61")
    assert faults(page) == []
