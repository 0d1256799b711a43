"""Payloads: values in the form in which they are stored, hashed and sent.

The text is JSON in ASCII, without spaces. Values that JSON cannot represent are written as in MongoDB Extended JSON v2
(https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/): ``{"$numberDouble": "NaN"}``, ``"Infinity"``,
``"-Infinity"``. A user's object that looks like this is wrapped once more (``{"$literal": {...}}``), so that every
value is read back unchanged.

Richer Python types are converted to JSON values beforehand (``airflow_wfstate.backends.codec``).
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Final, TypeAlias

from airflow_wfstate.exceptions import InvalidPayload

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

_NUMBER: Final = "$numberDouble"
_LITERAL: Final = "$literal"
_RESERVED: Final = frozenset({_NUMBER, _LITERAL})
MAX_DEPTH: Final = 100
"""The maximum nesting of lists and dicts."""


@dataclass(frozen=True)
class Payload:
    """A stored value.

    :param type: the name of the Python type for display ("dict", "datetime"). It is not used to decode the value.
    :param text: the JSON text. The hash is of exactly these bytes.
    :param size: size of the text in bytes.
    :param sha256: hash of the text, in hexadecimal.
    :param is_masked: whether the text differs from the stored one, to which size and sha256 refer: parts were hidden
        from the reader (``***``), or it could not be read and the text says why.
    """

    type: str
    text: str
    size: int
    sha256: str
    is_masked: bool = False

    @classmethod
    def of(cls, value: JsonValue, *, type_name: str | None = None, sort_keys: bool = False) -> Payload:
        """Make the payload of a JSON value.

        :param type_name: the name of the type. Default: that of the value's own type.
        :param sort_keys: sort the keys, for values that are compared, such as a workflow's input. By default their
            order is kept.
        :raises InvalidPayload: the value contains something other than JSON values, or nests deeper than 100 levels.
        """
        return cls.of_text(canonical_json(value, sort_keys=sort_keys), type_name or type(value).__name__)

    @classmethod
    def of_text(cls, text: str, type_name: str) -> Payload:
        """Make a payload from a text that is already canonical."""
        return cls(type=type_name, text=text, size=len(text), sha256=hashlib.sha256(text.encode("ascii")).hexdigest())

    def value(self) -> JsonValue:
        """The JSON value, with any masks.

        :raises InvalidPayload: the text does not match its hash (it was changed), or is not JSON.
        """
        if not self.is_masked and self.hash_of_text() != self.sha256:
            raise InvalidPayload(
                f"A stored value of type {self.type} does not match its sha256 {self.sha256}.",
                "The stored text was changed outside of Airflow. Restore it from a backup.",
            )
        return parse_canonical_json(self.text)

    def hash_of_text(self) -> str:
        """The sha256 of the text."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def canonical_json(value: JsonValue, *, sort_keys: bool = False) -> str:
    """The text of a JSON value: ASCII, no spaces; equal values (with ``sort_keys``) have equal texts.

    :raises InvalidPayload: the value contains something other than JSON values, or is nested deeper than 100 levels.
    """
    return (_SORTING_ENCODER if sort_keys else _ENCODER).encode(_escaped(value, "value", 0))


def _encoder(*, sort_keys: bool) -> json.JSONEncoder:
    # What _escaped returns has no cycles.
    return json.JSONEncoder(
        check_circular=False, allow_nan=False, sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=True
    )


# Created once: json.dumps would create one for each call with non-default options, a third of a small value's cost.
_ENCODER: Final = _encoder(sort_keys=False)
_SORTING_ENCODER: Final = _encoder(sort_keys=True)


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is written as an object")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)
"""A strict JSON decoder; Python's default one also accepts NaN and Infinity."""


def parse_canonical_json(text: str) -> JsonValue:
    """Read a value from a text that :func:`canonical_json` made.

    :raises InvalidPayload: the text is not JSON, or is nested deeper than 100 levels.
    """
    try:
        value: JsonValue = _DECODER.decode(text)
        return _unescaped(value, 0)
    except (ValueError, RecursionError) as error:
        raise InvalidPayload(f"A value is not JSON: {error}.", "Use a text from canonical_json().") from error


def _escaped(value: JsonValue, path: str, depth: int) -> JsonValue:
    if depth == MAX_DEPTH and isinstance(value, (list, dict)):
        raise InvalidPayload(f"{path[:200]} nests deeper than {MAX_DEPTH}.", "Store a flatter value.")
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return {_NUMBER: "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, list):
        return [_escaped(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, dict):
        escaped: dict[str, JsonValue] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidPayload(
                    f"{path} has a key of type {type(key).__name__}.", "JSON objects have strings as keys."
                )
            # Most members are strings, which need no escaping, so there is no call and no path for them.
            escaped[key] = item if type(item) is str else _escaped(item, f"{path}.{key}", depth + 1)
        return {_LITERAL: escaped} if len(value) == 1 and not _RESERVED.isdisjoint(value) else escaped
    raise InvalidPayload(
        f"{path} is of type {type(value).__qualname__}, which JSON cannot represent.",
        "Return numbers, strings, lists, dicts, or a value of a type that Airflow serialises for XCom.",
    )


def _unescaped(value: JsonValue, depth: int) -> JsonValue:
    if depth == MAX_DEPTH and isinstance(value, (list, dict)):
        raise InvalidPayload(f"A value nests deeper than {MAX_DEPTH}.", "Store a flatter value.")
    if isinstance(value, list):
        return [_unescaped(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, item),) = value.items()
            if key == _NUMBER and isinstance(item, str):
                return float(item)
            if key == _LITERAL and isinstance(item, dict):
                return {inner: _unescaped(nested, depth + 1) for inner, nested in item.items()}
        return {key: _unescaped(item, depth + 1) for key, item in value.items()}
    return value
