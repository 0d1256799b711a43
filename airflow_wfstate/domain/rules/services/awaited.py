"""The services that a workflow waits for: those that are running, and the one whose step comes next in the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow_wfstate.domain.rules.plan import PlannedStep, progress
from airflow_wfstate.domain.rules.services.choreography import Choreography
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES

ServiceStepKey = tuple[str, str]
"""The service and the step's name."""


@dataclass(frozen=True)
class BegunStep:
    """What is needed of a step that has begun, a mapped one with all its items.

    :param planned: its participant, name and state.
    :param is_of_service: whether events report it, instead of tasks.
    """

    planned: PlannedStep
    started_at: datetime
    updated_at: datetime
    is_of_service: bool


@dataclass(frozen=True)
class AwaitedStep:
    """A step of a service that a running workflow waits for.

    :param has_begun: whether the service has reported that it is running.
    :param since: when it said so; of one that has said nothing when the last step before it changed, or the workflow
        started.
    """

    service: str
    step: str
    has_begun: bool
    since: datetime


def service_steps(plan: Sequence[str], choreography: Choreography) -> dict[ServiceStepKey, int | None]:
    """The steps that services may report, planned ones in the order of the plan, then the others by name.

    :return: of each its place in the plan, from 1; None for one that is not planned.
    """
    told = [(service.name, step) for service in choreography.services for step in service.steps]
    by_name: dict[str, list[ServiceStepKey]] = {}
    for service, step in told:
        by_name.setdefault(step, []).append((service, step))
    known = {f"{service}.{step}": (service, step) for service, step in told}
    # A plan may list a step without its participant if only one service has it.
    known |= {step: keys[0] for step, keys in by_name.items() if len(keys) == 1 and step not in known}
    places = {known[entry]: number for number, entry in enumerate(plan, start=1) if entry in known}
    return places | dict.fromkeys(sorted(set(told) - set(places)))


def awaited_steps(
    plan: Sequence[str], steps: Mapping[ServiceStepKey, int | None], begun: Sequence[BegunStep], started_at: datetime
) -> Iterator[AwaitedStep]:
    """The steps of services that a running workflow waits for, those that are running first.

    :param steps: the steps that services may report, from :func:`service_steps`.
    :param started_at: when the workflow started.
    """
    for step in begun:
        if step.is_of_service and step.planned.state in OPEN_STEP_STATES:
            yield AwaitedStep(step.planned.participant, step.planned.name, has_begun=True, since=step.started_at)
    where = progress(plan, [step.planned for step in begun])
    upcoming = next((entry for entry in plan if entry not in where.done), None)
    if upcoming is None or upcoming not in where.remaining:
        return
    number = plan.index(upcoming) + 1
    for (service, name), place in steps.items():
        if place == number:
            since = max((step.updated_at for step in begun), default=started_at)
            yield AwaitedStep(service, name, has_begun=False, since=since)
