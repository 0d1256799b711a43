"""Mask the hidden parts of a JSON value in one walk, which copies only what it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.text.wrapped import CLASS, DATA, DATETIME, DICT, DICT_ITEMS, FIELDS, VERSION
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.redaction.path import parse_path
from airflow_wfstate.redaction.search import Search, State, TooMuchWork
from airflow_wfstate.redaction.secrets import MASK, is_sensitive, known_secrets, masked_text


def masked_value(value: JsonValue, paths: Sequence[str] = (), *, name: str | None = None) -> JsonValue:
    """Mask a JSON value; returns the very same object if nothing has to be hidden.

    :param name: the name under which the value is stored (for a checkpoint). A path equal to this name, or a sensitive
        name, hides all of it.
    """
    if name is not None and name in paths:
        return MASK
    try:
        search = Search(map(parse_path, paths))
        return _Walk(search).shown(value, search.start, name is not None and is_sensitive(name))
    except (TooMuchWork, InvalidRequest, RecursionError):
        # Too large, too deep, or a stored path that this version cannot read: no part of it is safe to show.
        return MASK


class _Walk:
    """A walk through one value.

    Tuples, sets, dicts with keys other than strings, dataclasses and models are seen through: their items and fields
    are those of a JSON array or object, and not of the object that wraps them in a payload.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._sensitive: dict[str, bool] = {}
        self._knows_secrets = known_secrets() != (None, None)

    def shown(self, value: JsonValue, state: State, sensitive: bool) -> JsonValue:
        """The value at a place.

        :param sensitive: whether it is below a sensitive name, at any depth.
        """
        if state.hides:
            return MASK
        if isinstance(value, str):
            return self._text(value, sensitive)
        if isinstance(value, list):
            return self._array(value, state, sensitive)
        if isinstance(value, dict):
            return self._wrapped(value, state, sensitive) if CLASS in value else self._object(value, state, sensitive)
        return value

    def _text(self, text: str, sensitive: bool) -> str:
        if sensitive:
            return MASK
        shown = masked_text(text) if self._knows_secrets else text
        return text if shown == text else shown

    def _array(self, items: list[JsonValue], state: State, sensitive: bool) -> JsonValue:
        states = self._search.items(state, len(items))
        shown = [self.shown(item, at, sensitive) for item, at in zip(items, states, strict=True)]
        return shown if any(new is not old for new, old in zip(shown, items, strict=True)) else items

    def _object(self, members: dict[str, JsonValue], state: State, sensitive: bool) -> JsonValue:
        shown = {name: self._member(name, value, state, sensitive) for name, value in members.items()}
        return shown if any(shown[name] is not value for name, value in members.items()) else members

    def _member(self, name: str, value: JsonValue, state: State, sensitive: bool) -> JsonValue:
        return self.shown(value, self._search.member(state, name), sensitive or self._is_sensitive(name))

    def _wrapped(self, wrapper: dict[str, JsonValue], state: State, sensitive: bool) -> JsonValue:
        if wrapper[CLASS] == DATETIME and not any(isinstance(part, (dict, list)) for part in wrapper.values()):
            return MASK if sensitive else wrapper
        if (names := _field_names(wrapper)) is not None:
            return self._named_tuple(wrapper, names, state, sensitive)
        shown = {part: self._part(wrapper[CLASS], part, value, state, sensitive) for part, value in wrapper.items()}
        return shown if any(shown[part] is not value for part, value in wrapper.items()) else wrapper

    def _named_tuple(self, wrapper: dict[str, JsonValue], names: list[str], state: State, sensitive: bool) -> JsonValue:
        items = cast("list[JsonValue]", wrapper[DATA])
        places = zip(items, names, self._search.fields(state, names), strict=True)
        shown = [self.shown(item, at, sensitive or self._is_sensitive(name)) for item, name, at in places]
        return wrapper if all(new is old for new, old in zip(shown, items, strict=True)) else {**wrapper, DATA: shown}

    def _part(self, kind: JsonValue, part: str, value: JsonValue, state: State, sensitive: bool) -> JsonValue:
        if part in (CLASS, VERSION) and not isinstance(value, (dict, list)):
            return value
        if part == DATA:
            return self.shown(value, state, sensitive)
        if part == DICT_ITEMS and kind == DICT and isinstance(value, list):
            pairs = [self._pair(pair, state, sensitive) for pair in value]
            return pairs if any(new is not old for new, old in zip(pairs, value, strict=True)) else value
        return self._member(part, value, state, sensitive)

    def _pair(self, pair: JsonValue, state: State, sensitive: bool) -> JsonValue:
        """One key and value of a dict whose keys are not all strings. A path names the key 7 as ``['7']``."""
        if not isinstance(pair, list) or len(pair) != 2:
            return self.shown(pair, state, sensitive)
        key, value = pair
        name = str(key) if not isinstance(key, (dict, list)) else ""
        shown = self._member(name, value, state, sensitive)
        return pair if shown is value else [key, shown]

    def _is_sensitive(self, name: str) -> bool:
        found = self._sensitive.get(name)
        if found is None:
            found = self._sensitive[name] = is_sensitive(name)
        return found


def _field_names(wrapper: dict[str, JsonValue]) -> list[str] | None:
    """The names of a named tuple's items; None for any other object."""
    names, items = wrapper.get(FIELDS), wrapper.get(DATA)
    if not isinstance(names, list) or not isinstance(items, list) or len(names) != len(items):
        return None
    return [str(name) for name in names]
