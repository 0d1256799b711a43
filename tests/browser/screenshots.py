"""The screenshots for README.md and docs. Only ``make screenshots`` runs this."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Column, DateTime, select, update

from airflow_wfstate.store.database import schema
from tests.browser.conftest import OpenPage
from tests.browser.history import history
from tests.browser.services import hours_of_services
from tests.browser.story import Story
from tests.browser.test_workflow import address
from tests.support.shop import FULFILMENT
from tests.support.world import World

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
_SLOWER: Final = 600
"""The story takes about two seconds, which would be a speck on the timeline."""


@pytest.fixture(scope="session", autouse=True)
def slowly(world: World, story: Story) -> None:
    """Stretch the story to a realistic length by moving every time further into the past."""
    now = datetime.now(timezone.utc)
    tables = (schema.workflow, schema.step, schema.attempt, schema.checkpoint, schema.compensation, schema.journal)
    with world.rows.engine.begin() as connection:
        for table in tables:
            times = [column for column in table.c if _is_time(column)]
            for row in connection.execute(select(table)).mappings().all():
                moved = {
                    column.name: now - (now - row[column.name]) * _SLOWER - timedelta(minutes=2)
                    for column in times
                    if row[column.name] is not None
                }
                key = [column == row[column.name] for column in table.primary_key]
                if moved:
                    connection.execute(update(table).where(*key).values(**moved))


def _is_time(column: Column[object]) -> bool:
    """Whether a column holds a stored time; computed ones follow by themselves."""
    return column.computed is None and (isinstance(column.type, DateTime) or column.name.endswith("_at"))


def take(page: Page, name: str, theme: str) -> None:
    """Write a screenshot once nothing is loading any more."""
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)
    page.wait_for_timeout(1000)
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}-{theme}.png")


@pytest.fixture(scope="session")
def fared(world: World, slowly: None) -> str:
    """A week of workflows with one name, created after the story was stretched so that they keep their times."""
    return history(world, "order")


@pytest.fixture(scope="session")
def services(world: World, slowly: None) -> str:
    """The id of a workflow of services only that has taken a few hours."""
    return hours_of_services(world)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_take_them_all(open_page: OpenPage, story: Story, fared: str, services: str, theme: str) -> None:
    """The list, orders undone and of services, the plan of an undo, a graph, a name, and the tab of a DAG run."""
    page = open_page("/plugin/wfstate", theme=theme)
    expect(page.get_by_role("link", name=story.running.key)).to_be_visible()
    take(page, "workflows", theme)

    page = open_page(address(story.compensated.workflow_id), theme=theme)
    expect(page.get_by_role("region", name="Timeline, scrolls sideways")).to_be_visible()
    take(page, "compensated-order", theme)

    page = open_page(address(story.failed.workflow_id, "steps"), theme=theme)
    page.get_by_role("button", name="Compensate", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("will be undone")
    take(page, "compensation-plan", theme)

    page = open_page(address(story.running.workflow_id, "graph"), theme=theme)
    expect(page.get_by_role("group", name="Legend")).to_be_visible()
    take(page, "graph", theme)

    page = open_page(address(services), theme=theme)
    expect(page.get_by_role("region", name="Timeline, scrolls sideways")).to_be_visible()
    take(page, "services", theme)

    page = open_page("/plugin/wfstate?about=order", theme=theme)
    expect(page.get_by_role("table", name="Slowest steps")).to_be_visible()
    take(page, "name", theme)

    page = open_page(f"/dags/{FULFILMENT}/runs/{story.compensated.child_run}/plugin/wfstate-run", theme=theme)
    expect(page.get_by_role("heading", name=f"shop {story.compensated.key}")).to_be_visible()
    take(page, "dag-run-tab", theme)
