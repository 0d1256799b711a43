"""The contract of definitions: applying them, keeping their versions, reading them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from airflow_wfstate.domain.messages.definition import ApplyDefinition, DefinitionApplied
from airflow_wfstate.exceptions import (
    DefinitionChanged,
    DefinitionNotFound,
    IdempotencyConflict,
    InvalidDefinition,
    InvalidRequest,
)
from tests.support.world import World


def apply(world: World, name: str, *lines: str, if_version: int | None = None) -> DefinitionApplied:
    """Apply a definition with this name, with these further lines in its file."""
    text = "\n".join([f"name: {name}", *lines])
    return world.backend.apply_definition(ApplyDefinition(name, text, actor="cli:ada", if_version=if_version))


def numbers(world: World, name: str) -> list[int]:
    """The numbers of a name's versions."""
    return [version.number for version in world.backend.list_definition_versions(name).versions]


def test_each_new_content_is_a_version_and_the_same_content_changes_nothing(world: World) -> None:
    name = world.unique("order")

    first = apply(world, name, "plan: [a]")
    same = apply(world, name, "# only the comment is new", "plan:", "  - a")
    second = apply(world, name, "plan: [a, b]")
    back = apply(world, name, "plan: [a]")

    assert [(one.version.number, one.changed) for one in (first, same, second, back)] == [
        *((1, True), (1, False), (2, True), (3, True))
    ]
    assert same.version == first.version
    assert "nothing was changed" in same.outcome
    assert back.version.sha256 == first.version.sha256 != second.version.sha256
    versions = world.backend.list_definition_versions(name).versions
    assert [version.number for version in versions] == [3, 2, 1]
    assert versions[0] == back.version
    assert versions[0].applied_at >= versions[2].applied_at
    assert all(version.applied_by.endswith(("ada", "admin")) for version in versions), "who applied it"


def test_the_one_in_force_and_older_ones_are_read_as_yaml(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "deadline: PT90M")
    apply(world, name, "on_failure: hold", "deadline: PT90M")

    newest, first = world.backend.get_definition(name), world.backend.get_definition(name, 1)

    assert newest.text == f"name: {name}\ndeadline: PT1H30M\non_failure: hold\n"
    assert (newest.version.number, newest.number_in_force) == (2, 2)
    assert first.text == f"name: {name}\ndeadline: PT1H30M\n"
    assert (first.version.number, first.number_in_force) == (1, 2)
    again = world.backend.apply_definition(ApplyDefinition(name, newest.text))
    assert again.changed is False, "what is shown can be applied"


def test_lists_and_histories_come_in_pages(world: World) -> None:
    stem = world.unique("order")
    for end in "abc":
        apply(world, f"{stem}-{end}", "plan: [x.a, b]", "participants: {intake: {}}")
    for plan in ("[c]", "[d]"):
        apply(world, f"{stem}-a", f"plan: {plan}")

    page = world.backend.list_definitions(after=stem, limit=2)
    rest = world.backend.list_definitions(after=page.next_after, limit=2)
    history = world.backend.list_definition_versions(f"{stem}-a", limit=2)
    older = world.backend.list_definition_versions(f"{stem}-a", before=history.next_before, limit=2)

    assert [(one.version.name, one.version.number, one.planned_steps, one.dags) for one in page.definitions] == [
        (f"{stem}-a", 3, 1, []),
        (f"{stem}-b", 1, 2, ["intake"]),
    ]
    assert page.next_after == f"{stem}-b"
    assert rest.definitions[0].version.name == f"{stem}-c"
    assert [version.number for version in history.versions] == [3, 2]
    assert ([version.number for version in older.versions], older.next_before) == ([1], None)


def test_services_are_listed(world: World) -> None:
    name = world.unique("order")
    service = f"{{sources: ['urn:{name}'], events: {{paid: {{step: pay, is: succeeded}}}}}}"
    apply(world, name, f"participants: {{payments: {service}, intake: {{}}}}")

    found = world.backend.list_definitions(after=name[:-1], limit=1).definitions[0]

    assert (found.version.name, found.services, found.dags) == (name, ["payments"], ["intake"])


def test_a_wrong_text_is_refused_with_every_place_and_changes_nothing(world: World) -> None:
    name = world.unique("order")
    apply(world, name)

    with pytest.raises(InvalidDefinition, match=r"3:1: kye: There is no such field here") as error:
        apply(world, name, "on_failure: explode", "kye: a")
    with pytest.raises(InvalidRequest, match="declares the workflow 'other'"):
        world.backend.apply_definition(ApplyDefinition(name, "name: other"))

    assert "2:13: on_failure: This is 'explode'." in error.value.reason
    assert numbers(world, name) == [1]


def test_what_was_never_applied_is_not_found(world: World) -> None:
    name = world.unique("order")
    apply(world, name)

    for unknown in ("nobody", "a/b", "..", "", "x" * 300, "a\x00b"):
        with pytest.raises(DefinitionNotFound):
            world.backend.get_definition(unknown)
        with pytest.raises(DefinitionNotFound):
            world.backend.list_definition_versions(unknown)
    with pytest.raises(DefinitionNotFound, match="no version 7"):
        world.backend.get_definition(name, 7)
    with pytest.raises(InvalidRequest):
        world.backend.list_definitions(limit=0)


@pytest.mark.parametrize("name", ["a b", "é漢", "100%", "a?b#c", "a&b=c"])
def test_names_that_an_address_must_escape_are_names_like_any_other(world: World, name: str) -> None:
    name = world.unique(name)
    apply(world, name)
    assert world.backend.get_definition(name).version.name == name
    assert numbers(world, name) == [1]


def test_of_two_who_looked_at_the_same_version_one_is_refused(world: World) -> None:
    name = world.unique("order")
    apply(world, name, "plan: [a]", if_version=0)

    apply(world, name, "plan: [b]", if_version=1)
    with pytest.raises(DefinitionChanged, match="is now in version 2, not in version 1"):
        apply(world, name, "plan: [c]", if_version=1)

    assert numbers(world, name) == [2, 1]


def test_of_many_at_once_each_gets_a_number_of_its_own(world: World) -> None:
    name, barrier = world.unique("order"), Barrier(4)

    def one(plan: str) -> int:
        barrier.wait()
        return apply(world, name, f"plan: [{plan}]").version.number

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(one, "abcd"))

    assert found == [1, 2, 3, 4]
    assert numbers(world, name) == [4, 3, 2, 1]


def test_sent_again_with_its_key_it_answers_as_the_first_time(world: World) -> None:
    name = world.unique("order")
    request = ApplyDefinition(name, f"name: {name}", actor="user:admin", idempotency_key=world.unique("key"))

    first = world.backend.apply_definition(request)
    apply(world, name, "plan: [a]")

    assert world.backend.apply_definition(request) == first
    assert numbers(world, name) == [2, 1]
    with pytest.raises(IdempotencyConflict):
        world.backend.apply_definition(replace(request, text=f"name: {name}\nplan: [b]"))
