"""Airflow's own pages: what a task did for its workflow, and a DAG that has none."""

from __future__ import annotations

import re

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from playwright.sync_api import Page, expect

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from tests.browser.conftest import OpenPage, faults
from tests.browser.story import Story
from tests.support.serialized_dags import deploy
from tests.support.shop import FULFILMENT, INTAKE, RELAY, open_order
from tests.support.world import World


def task_tab(open_page: OpenPage, task_id: str, run_id: str, dag_id: str = INTAKE, theme: str = "light") -> Page:
    """The tab of a task instance."""
    return open_page(f"/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/plugin/wfstate-task", "viewer", theme)


@pytest.mark.parametrize("task_id", ["start", "reserve", "complete", RELAY])
def test_every_task_leads_to_its_workflow(open_page: OpenPage, story: Story, task_id: str) -> None:
    page = task_tab(open_page, task_id, story.compensated.run_id)
    link = page.get_by_role("link", name=f"shop {story.compensated.key}")
    expect(link).to_have_attribute("href", re.compile(f"workflow={story.compensated.workflow_id}$"))


def test_the_start_says_what_it_started(open_page: OpenPage, story: Story) -> None:
    page = task_tab(open_page, "start", story.compensated.run_id)
    expect(page.get_by_text(f"Started the workflow shop {story.compensated.key}.")).to_be_visible()
    expect(page.get_by_role("region", name="Value of input")).to_contain_text(story.compensated.key)
    assert faults(page) == []


def test_complete_says_that_it_completed(open_page: OpenPage, story: Story) -> None:
    page = task_tab(open_page, "complete", story.succeeded.run_id)
    expect(page.get_by_text("Completed the workflow. Planned steps that were not reached: invoice.")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_relay_shows_what_it_undid(open_page: OpenPage, story: Story, theme: str) -> None:
    order = story.compensated
    page = task_tab(open_page, RELAY, order.child_run, FULFILMENT, theme)
    steps = page.get_by_role("table", name="Compensations").get_by_role("row").locator("[role=cell]:first-child")
    expect(steps).to_have_text(["1.shop_fulfilment.ship", "2.shop_fulfilment.pack"])
    assert faults(page) == []


def test_a_mapped_task_refers_to_its_items(open_page: OpenPage, world: World) -> None:
    order = open_order(world, items=("a", "b"))
    world.rows.add_task(INTAKE, order.run_id, "charge")  # else Airflow's part of the page logs that it is not found
    page = task_tab(open_page, "charge", order.run_id)
    expect(page.get_by_text("This task is mapped.")).to_be_visible()
    page = task_tab(open_page, "charge/mapped/0", order.run_id)
    expect(page.get_by_text("Step charge[a]")).to_be_visible()
    world.backend.cancel_workflow(CancelWorkflow(order.workflow_id))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_dag_without_workflows_says_that_it_has_none(open_page: OpenPage, world: World, theme: str) -> None:
    with DAG("bystander", schedule=None) as dag:
        EmptyOperator(task_id="watch")
    deploy(world.rows.engine, dag)
    page = open_page("/dags/bystander/plugin/wfstate-dag", theme=theme)
    expect(page.get_by_text("The DAG bystander does not take part in any workflow.")).to_be_visible()
    expect(page.get_by_text("StartWorkflowOperator(")).to_be_visible()
    assert faults(page) == []
