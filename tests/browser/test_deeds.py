"""The buttons carry out their action, and the journal says who did it, in which way and why."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.browser.conftest import OpenPage
from tests.browser.test_workflow import address
from tests.browser.test_workflows import LIST
from tests.support.serialized_dags import bundle_version_of, deploy, pin
from tests.support.shop import INTAKE, Order, failed_order, intake_dag
from tests.support.world import World

WHY = "the carrier is back"


@pytest.fixture
def order(world: World) -> Iterator[Order]:
    """A failed order only for this test. It is ended afterwards because other tests count flagged workflows."""
    order = failed_order(world)
    yield order
    _end(world, order)


def _end(world: World, order: Order) -> None:
    if world.state(order.workflow_id) is not WorkflowState.COMPENSATING:
        world.backend.cancel_workflow(CancelWorkflow(order.workflow_id))


def _confirm(page: Page, verb: str) -> None:
    """Enter the reason, and press the button of the dialog."""
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name=re.compile(f"^{verb}"))
    expect(button).to_be_enabled()
    dialog.get_by_label(re.compile("^Reason")).fill(WHY)
    button.click()
    expect(dialog).to_be_hidden()


def _check_told(world: World, order: Order, kind: str) -> None:
    """Check that the journal has exactly one entry of what a person did, and that it is this one."""
    (entry,) = [entry for entry in world.journal(order.workflow_id) if "way" in entry.data]
    assert (entry.kind.value, entry.actor) == (kind, "user:admin")
    assert (entry.data["way"], entry.data["reason"]) == ("ui", WHY)


def test_a_resume_sets_the_failed_tasks_going_again(open_page: OpenPage, order: Order, world: World) -> None:
    page = open_page(address(order.workflow_id))
    page.get_by_role("button", name="Resume", exact=True).click()
    _confirm(page, "Resume")
    expect(page.get_by_role("status").filter(has_text=re.compile("cleared"))).to_be_visible()
    expect(page.get_by_text("running", exact=True).first).to_be_visible()
    _check_told(world, order, "workflow.resumed")
    assert world.state(order.workflow_id) is WorkflowState.RUNNING
    assert "failed" not in order.states().values()


def test_a_restart_runs_a_finished_step_again(open_page: OpenPage, order: Order, world: World) -> None:
    page = open_page(address(order.workflow_id, "steps"))
    page.get_by_role("button", name="Restart from charge").click()
    _confirm(page, "Restart")
    expect(page.get_by_role("status").filter(has_text=re.compile("cleared"))).to_be_visible()
    _check_told(world, order, "workflow.resumed")
    assert order.states()["charge"] != "success"


@pytest.mark.parametrize("code", ["same", "latest"])
def test_the_code_that_is_chosen_is_the_code_that_runs(
    open_page: OpenPage, order: Order, world: World, code: str
) -> None:
    """The order's run is on commit ``one``, and commit ``two``, with one more task, is deployed."""
    engine = world.rows.engine
    deploy(engine, intake_dag(), bundle_version="one")
    pin(engine, INTAKE, order.run_id)
    deploy(engine, intake_dag(extra_task="notify"), bundle_version="two")
    page = open_page(address(order.workflow_id))
    page.get_by_role("button", name="Resume", exact=True).click()
    dialog = page.get_by_role("dialog")
    uses = dialog.get_by_text(re.compile(f"^{INTAKE} / {order.run_id} is on version .* It continues on"))
    expect(uses).to_contain_text("(two). It continues on its own version.")

    dialog.get_by_label("Code").select_option(code)
    expect(uses).to_contain_text(f"It continues on {'its own' if code == 'same' else 'the latest'} version.")
    _confirm(page, "Resume")

    expect(page.get_by_role("status").filter(has_text=re.compile("cleared"))).to_be_visible()
    _check_told(world, order, "workflow.resumed")
    assert bundle_version_of(engine, INTAKE, order.run_id) == {"same": "one", "latest": "two"}[code]
    assert ("notify" in order.states()) == (code == "latest")


def test_what_was_done_is_undone(open_page: OpenPage, order: Order, world: World) -> None:
    page = open_page(address(order.workflow_id))
    expect(page.get_by_role("button", name=re.compile("^Cancel and compensate"))).to_have_count(0)
    page.get_by_role("button", name="Compensate", exact=True).click()
    _confirm(page, "Compensate")
    expect(page.get_by_text("compensating", exact=True).first).to_be_visible()
    _check_told(world, order, "workflow.compensating")
    assert world.state(order.workflow_id) is WorkflowState.COMPENSATING


def test_what_was_confirmed_is_done_in_the_state_of_its_plan_alone(
    open_page: OpenPage, order: Order, world: World
) -> None:
    """A laptop was asleep while the dialog was open, and a colleague was quicker."""
    page = open_page(address(order.workflow_id))
    page.get_by_role("button", name="Compensate", exact=True).click()
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name="Compensate", exact=True)
    expect(button).to_be_enabled()
    page.route("**/compensate-plan", lambda route: None)  # no more responses arrive
    world.backend.resume_workflow(ResumeWorkflow(order.workflow_id))

    button.click()

    expect(dialog).to_contain_text("The workflow is now running, no longer failed. Check the plan again.")
    expect(dialog).to_contain_text("This was not done")
    assert world.state(order.workflow_id) is WorkflowState.RUNNING


def test_of_a_lost_answer_it_is_not_said_that_nothing_was_done(open_page: OpenPage, order: Order, world: World) -> None:
    page = open_page(address(order.workflow_id))
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name="Cancel", exact=True)
    expect(button).to_be_enabled()

    def lose(route: Route) -> None:
        route.fetch()
        route.fulfill(status=200, body="{")  # a truncated response

    page.route("**/cancel", lose)
    button.click()

    expect(dialog).to_contain_text("It is not known whether this was done")
    expect(dialog).not_to_contain_text("This was not done")
    assert world.state(order.workflow_id) is WorkflowState.CANCELLED


def test_many_are_resumed_at_once(open_page: OpenPage, order: Order, world: World) -> None:
    other = failed_order(world)
    page = open_page(f"{LIST}?name=shop&state=failed")
    for key in (order.key, other.key):
        page.get_by_role("row").filter(has_text=key).locator("[data-part=control]").click()
    page.get_by_role("group", name="Actions on the selected workflows").get_by_role(
        "button", name="Resume", exact=True
    ).click()
    _confirm(page, "Resume: 2 of 2")
    expect(page.get_by_role("link", name=order.key)).to_have_count(0)
    for one in (order, other):
        _check_told(world, one, "workflow.resumed")
    _end(world, other)
