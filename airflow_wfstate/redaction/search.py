"""Search for several paths at once, while walking a value from the outside in.

Each place in the value has a *state*: which segments of which paths to search for among its children. The state of a
child is derived from that of its parent and the child's name, and is computed once for each such pair. A walk therefore
takes one look-up per child, however many paths there are and however often they descend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Final, TypeAlias

from airflow_wfstate.redaction.path import Path, Step

MAX_WORK: Final = 2_000_000
"""Look-ups in one value, 1 to 2 seconds (measured). A value of the default max_payload_bytes takes at most 600,000,
unless the paths have many indices or slices and it has long arrays."""

_Pending: TypeAlias = "frozenset[tuple[int, int]]"


class TooMuchWork(Exception):
    """The value is too large to search for its paths."""


@dataclass
class State:
    """What is known of the paths at a place in the value.

    :param pending: the paths, by number, with the segment of each to search for next.
    :param hides: whether a path selects this place.
    :param names: the names of the members that the paths select.
    :param by_index: whether the paths distinguish items of an array.
    :param members: the states of those members seen so far.
    :param others: the state of all other members, and of items that are not distinguished.
    """

    pending: _Pending
    hides: bool
    names: frozenset[str]
    by_index: bool
    members: dict[str, State] = field(default_factory=dict)
    others: State | None = None


class Search:
    """A search for paths in one value.

    :param paths: the paths from :func:`~airflow_wfstate.redaction.path.parse_path`.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)
        self._states: dict[_Pending, State] = {}
        self._work = 0
        self.start = self._state(frozenset((number, 0) for number in range(len(self._paths))))

    def member(self, state: State, name: str) -> State:
        """The state of a member of an object.

        :raises TooMuchWork: after :data:`MAX_WORK` look-ups.
        """
        self._count(1)
        if name not in state.names:
            return self._others(state)
        found = state.members.get(name)
        if found is None:
            found = state.members[name] = self._advanced(state, partial(Step.names_member, name=name))
        return found

    def items(self, state: State, length: int) -> Iterable[State]:
        """The states of the items of an array, in order.

        :raises TooMuchWork: as :meth:`member`.
        """
        if state.by_index:
            self._count(length * len(state.pending))
            return self._items_by_index(state, length)
        self._count(length)
        return repeat(self._others(state), length)

    def fields(self, state: State, names: Sequence[str]) -> Iterable[State]:
        """The states of the items of a named tuple, in order: a path may name each by its field or by its index.

        :raises TooMuchWork: as :meth:`member`.
        """
        self._count(len(names) * max(1, len(state.pending)))
        for index, name in enumerate(names):
            yield self._advanced(state, partial(_names_field, name=name, index=index, length=len(names)))

    def _items_by_index(self, state: State, length: int) -> Iterator[State]:
        for index in range(length):
            yield self._advanced(state, partial(Step.names_item, index=index, length=length))

    def _others(self, state: State) -> State:
        if state.others is None:
            state.others = self._advanced(state, lambda step: step.every)
        return state.others

    def _advanced(self, state: State, names_child: Callable[[Step], bool]) -> State:
        pending = []
        for path, segment in state.pending:
            step = self._paths[path][segment]
            if step.descends:
                pending.append((path, segment))
            if names_child(step):
                pending.append((path, segment + 1))
        return self._state(frozenset(pending))

    def _state(self, places: _Pending) -> State:
        found = self._states.get(places)
        if found is None:
            hides = any(segment == len(self._paths[path]) for path, segment in places)
            # Hidden parts are not walked any further.
            steps = [] if hides else [self._paths[path][segment] for path, segment in places]
            names = frozenset[str]().union(*(step.names for step in steps))
            by_index = any(step.indices or step.slices for step in steps)
            found = self._states[places] = State(frozenset() if hides else places, hides, names, by_index)
        return found

    def _count(self, look_ups: int) -> None:
        self._work += look_ups
        if self._work > MAX_WORK:
            raise TooMuchWork


def _names_field(step: Step, *, name: str, index: int, length: int) -> bool:
    return step.names_member(name) or step.names_item(index, length)
