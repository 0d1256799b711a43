"""Which services a workflow waits for, according to its plan and what they have reported."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow_wfstate.domain.rules.plan import PlannedStep
from airflow_wfstate.domain.rules.services.awaited import AwaitedStep, BegunStep, awaited_steps, service_steps
from airflow_wfstate.domain.rules.services.choreography import Choreography, EventMeaning, Service, ServiceEvent
from airflow_wfstate.domain.rules.states import StepState

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
PLAN = ["shop.place", "payments.capture", "warehouse.pack", "deliver"]


def service(name: str, *steps: str) -> Service:
    events = {
        f"{name}.{step}.{meaning.value}": ServiceEvent(step, meaning) for step in steps for meaning in EventMeaning
    }
    return Service(name, (f"https://{name}.example/",), (), events)


CHOREOGRAPHY = Choreography(
    "$.data.id",
    services=(service("shop", "place"), service("payments", "capture", "audit"), service("carrier", "deliver")),
)


def begun(label: str, state: StepState, hours: int, *, is_of_service: bool = True) -> BegunStep:
    """A step that began at that hour, and changed in the next."""
    participant, _, name = label.partition(".")
    at = START + hours * HOUR
    return BegunStep(PlannedStep(participant, name, state), at, at + HOUR, is_of_service)


def awaited(*steps: BegunStep) -> list[AwaitedStep]:
    return list(awaited_steps(PLAN, service_steps(PLAN, CHOREOGRAPHY), steps, START))


def test_the_steps_of_services_stand_in_the_order_of_the_plan_and_then_by_name() -> None:
    assert service_steps(PLAN, CHOREOGRAPHY) == {
        ("shop", "place"): 1,
        ("payments", "capture"): 2,
        ("carrier", "deliver"): 4,  # the plan names it without its service, and only one service has it
        ("payments", "audit"): None,
    }


def test_a_bare_name_that_two_services_have_means_neither() -> None:
    both = Choreography(None, services=(service("carrier", "deliver"), service("post", "deliver")))

    assert set(service_steps(["deliver"], both).values()) == {None}


def test_before_the_first_step_its_service_is_awaited_since_the_start() -> None:
    assert awaited() == [AwaitedStep("shop", "place", has_begun=False, since=START)]


def test_a_service_is_awaited_while_it_is_at_work_and_no_later_one_beside_it() -> None:
    placed = begun("shop.place", StepState.SUCCEEDED, 0)

    assert awaited(placed, begun("payments.capture", StepState.RUNNING, 3)) == [
        AwaitedStep("payments", "capture", has_begun=True, since=START + 3 * HOUR)
    ]


def test_the_next_service_is_awaited_since_the_last_change_of_a_step() -> None:
    assert awaited(begun("shop.place", StepState.SUCCEEDED, 0)) == [
        AwaitedStep("payments", "capture", has_begun=False, since=START + HOUR)
    ]


def test_no_service_is_awaited_while_a_dag_is_to_do_the_next_step_or_a_step_has_failed() -> None:
    done = [begun("shop.place", StepState.SUCCEEDED, 0), begun("payments.capture", StepState.SUCCEEDED, 1)]

    assert awaited(*done) == []
    assert awaited(*done, begun("warehouse.pack", StepState.RUNNING, 2, is_of_service=False)) == []
    assert awaited(*done, begun("warehouse.pack", StepState.FAILED, 2, is_of_service=False)) == []
    packed = begun("warehouse.pack", StepState.SUCCEEDED, 2, is_of_service=False)
    assert [step.step for step in awaited(*done, packed)] == ["deliver"]
