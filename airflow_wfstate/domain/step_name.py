"""What a step is called: participant, place where the participant has several, name and item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Place:
    """Where in a workflow a participant takes part: the step that triggered its run.

    :param name: of that step, with its item (``notify[7]``); empty where no step triggered the run.
    :param is_needed: whether the participant takes part at several places, so that its steps are named with it.
    """

    name: str = ""
    is_needed: bool = False

    @property
    def shown(self) -> str:
        """The name where it is needed, else nothing."""
        return self.name if self.is_needed else ""


NOWHERE: Final = Place()
"""The place of owners, guests and services, whose steps are named without one."""


def placed(shown: str | None) -> Place:
    """The place of which an answer has only the name that is shown; None for one that is not."""
    return NOWHERE if shown is None else Place(shown, is_needed=True)


@dataclass(frozen=True)
class StepName:
    """The one rule for what a step is called.

    :param item_key: empty for a step that is not mapped.
    """

    participant: str
    name: str
    item_key: str = ""
    place: Place = NOWHERE

    @property
    def participant_label(self) -> str:
        """``mail``, or ``mail[tell_sent]`` where the participant takes part at several places."""
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

    def forms(self, *, with_item: bool) -> tuple[str, str, str]:
        """What people may call it, the most explicit form first: with the place, with the participant, by name."""
        tail = self.short if with_item else self.name
        at_place = f"{self.participant}[{self.place.name}]" if self.place.name else self.participant
        return f"{at_place}.{tail}", f"{self.participant}.{tail}", tail


def find_called(
    things: Sequence[Thing], text: str, name_of: Callable[[Thing], StepName], *, with_item: bool
) -> list[Thing]:
    """Those that a text means: by the most explicit form that any of them has."""
    forms = [name_of(thing).forms(with_item=with_item) for thing in things]
    for rank in range(3):
        found = [thing for thing, form in zip(things, forms, strict=True) if form[rank] == text]
        if found:
            return found
    return []
