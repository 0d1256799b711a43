"""The name of a step: participant, place if the participant has several, name and item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from airflow_wfstate.domain.rules.text.counted import listed

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Place:
    """The place at which a participant takes part in a workflow: the step that triggered its run.

    :param name: name of that step, with its item (``notify[7]``); empty if no step triggered the run.
    :param is_needed: whether the participant takes part at several places, so that step names must include it.
    """

    name: str = ""
    is_needed: bool = False

    @property
    def shown(self) -> str:
        """The name if it is needed, otherwise empty."""
        return self.name if self.is_needed else ""


NOWHERE: Final = Place()
"""The place of owners, guests and services, whose step names do not include one."""


def placed(shown: str | None) -> Place:
    """The place for the name shown in an answer; None if no place is shown."""
    return NOWHERE if shown is None else Place(shown, is_needed=True)


@dataclass(frozen=True)
class StepName:
    """The single rule for naming a step.

    :param item_key: empty for a step that is not mapped.
    """

    participant: str
    name: str
    item_key: str = ""
    place: Place = NOWHERE

    @property
    def participant_label(self) -> str:
        """``mail``, or ``mail[tell_sent]`` if the participant takes part at several places."""
        return f"{self.participant}[{self.place.shown}]" if self.place.shown else self.participant

    @property
    def qualified(self) -> str:
        """``mail.send`` or ``mail[tell_sent].send``: the step with all its items."""
        return f"{self.participant_label}.{self.name}"

    @property
    def label(self) -> str:
        """``mail.send``, ``mail[tell_sent].send``, or either with ``[item]``."""
        return f"{self.participant_label}.{self.short}"

    @property
    def short(self) -> str:
        """``send``, or ``send[item]``."""
        return f"{self.name}[{self.item_key}]" if self.item_key else self.name

    @property
    def brief(self) -> str:
        """``send``, or ``send[item]``; in full if the participant takes part at several places."""
        return self.label if self.place.shown else self.short

    def forms(self, *, with_item: bool) -> tuple[str, str, str]:
        """All forms that users may write, from the most explicit (with the place) to only the name."""
        tail = self.short if with_item else self.name
        at_place = f"{self.participant}[{self.place.name}]" if self.place.name else self.participant
        return f"{at_place}.{tail}", f"{self.participant}.{tail}", tail


def find_called(
    things: Sequence[Thing], text: str, name_of: Callable[[Thing], StepName], *, with_item: bool
) -> list[Thing]:
    """Find the things that a text names, by the form that is shown or has the place, or else the next explicit form.

    :param name_of: returns the name of a thing.
    :param with_item: whether the text may name an item.
    """
    spelled = [_spellings(name_of(thing), with_item=with_item) for thing in things]
    for rank in range(3):
        found = [thing for thing, spellings in zip(things, spelled, strict=True) if text in spellings[rank]]
        if found:
            return found
    return []


def find_with_item(
    things: Sequence[Thing], text: str, name_of: Callable[[Thing], StepName]
) -> tuple[list[Thing], str | None]:
    """Find the steps that a text names, and the key of the item that it names; None if it names all items.

    Both places and items are written in brackets, and an item key may contain brackets. The name of the step therefore
    ends at the last bracket before which there is the name of a step.

    :param name_of: returns the name of a thing.
    """
    found = find_called(things, text, name_of, with_item=False)
    item_key, end = None, len(text)
    while not found and text.endswith("]") and (end := text.rfind("[", 0, end)) > 0:
        found = find_called(things, text[:end], name_of, with_item=False)
        item_key = text[end + 1 : -1]
    return found, item_key


def _spellings(name: StepName, *, with_item: bool) -> tuple[tuple[str, ...], ...]:
    """The forms of a name by rank. The displayed form ranks first, so that names offered in a message can be used."""
    at_place, in_full, short = name.forms(with_item=with_item)
    shown = name.label if with_item else name.qualified
    return (at_place, shown), (in_full,), (short,)


def distinct(named: Iterable[tuple[str, str]]) -> str:
    """List names to choose from, for a message. Equal names are listed with the ids that distinguish them.

    Names can be equal if ids of DAGs and names of steps have dots: step ``eu.pack`` of DAG ``order`` and step
    ``pack`` of DAG ``order.eu``.

    :param named: the name and id of each thing.
    """
    ids: dict[str, list[str]] = {}
    for name, id_ in named:
        ids.setdefault(name, []).append(id_)
    return listed(
        [name if len(of_name) == 1 else f"{name} by its id ({' or '.join(of_name)})" for name, of_name in ids.items()]
    )
