"""The contract of ``if_version``, which every request of a person about a workflow has."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier
from typing import Any, Final

import pytest

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation, Decision
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.exceptions import WorkflowChanged
from tests.support.saga import Saga
from tests.support.shop import INTAKE, failed_order
from tests.support.world import World


@dataclass(frozen=True)
class Wish:
    """A person's request, and a workflow that allows it."""

    send: Callable[[StateBackend, Any], Any]
    request: Any


def _resume(world: World) -> Wish:
    return Wish(
        lambda backend, request: backend.resume_workflow(request), ResumeWorkflow(failed_order(world).workflow_id)
    )


def _restart(world: World) -> Wish:
    wish = _resume(world)
    return replace(wish, request=replace(wish.request, from_step=f"{INTAKE}.charge"))


def _cancel(world: World) -> Wish:
    return Wish(lambda backend, request: backend.cancel_workflow(request), CancelWorkflow(_running(world)))


def _compensate(world: World) -> Wish:
    return Wish(lambda backend, request: backend.compensate_workflow(request), CompensateWorkflow(_running(world)))


def _decide(world: World) -> Wish:
    saga = Saga.start(world)
    saga.done("one")
    saga.undo(saga.fail(), fails=["one"])
    wish = DecideCompensation(saga.workflow_id, "one", Decision.DONE, "by hand")
    return Wish(lambda backend, request: backend.decide_compensation(request), wish)


def _running(world: World) -> str:
    saga = Saga.start(world)
    saga.done("one")
    return saga.workflow_id


WISHES: Final = {
    "resume": _resume,
    "restart": _restart,
    "cancel": _cancel,
    "compensate": _compensate,
    "decide": _decide,
}


@pytest.fixture(params=WISHES)
def wish(request: pytest.FixtureRequest, world: World) -> Wish:
    return WISHES[request.param](world)


def _detail(world: World, wish: Wish) -> WorkflowDetail:
    return world.backend.get_workflow(wish.request.workflow_id)


@pytest.mark.parametrize("by", [-1, 1])
def test_another_version_is_refused_and_nothing_is_changed(world: World, wish: Wish, by: int) -> None:
    before, told = _detail(world, wish), world.told(wish.request.workflow_id)

    with pytest.raises(WorkflowChanged, match=rf"is now in version {before.summary.version}"):
        wish.send(world.backend, replace(wish.request, if_version=before.summary.version + by))

    assert _detail(world, wish).summary == before.summary
    assert world.told(wish.request.workflow_id) == told


def test_the_version_that_was_looked_at_is_changed(world: World, wish: Wish) -> None:
    seen = _detail(world, wish).summary
    wish.send(world.backend, replace(wish.request, if_version=seen.version))

    assert _detail(world, wish).summary.version > seen.version
    with pytest.raises(WorkflowChanged):
        wish.send(world.backend, replace(wish.request, if_version=seen.version))


def test_of_two_who_looked_at_the_same_version_one_has_their_will(world: World, wish: Wish) -> None:
    seen, both = _detail(world, wish).summary.version, Barrier(2)

    def send(reason: str) -> bool:
        both.wait(30)
        try:
            wish.send(world.backend, replace(wish.request, reason=reason, if_version=seen))
        except WorkflowChanged:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, ["one", "other"])) == [False, True]


def test_sent_again_with_its_key_it_gets_its_answer_although_the_version_is_another_now(
    world: World, wish: Wish
) -> None:
    seen = _detail(world, wish).summary.version
    request = replace(wish.request, if_version=seen, idempotency_key=world.unique("key"))

    assert wish.send(world.backend, request) == wish.send(world.backend, request)
