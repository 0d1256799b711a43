"""Convert Python values to payloads and back.

This module encodes JSON values and Python's own containers exactly: tuples, sets, dicts with keys of any type, Decimal
with all its digits, datetime with its offset or time zone. It leaves every other type to Airflow's XCom serialisation
(``airflow.sdk.serde``) and its rules: Airflow's own types, dataclasses, attrs, pydantic models, numpy, pandas, and
classes with ``serialize``. To be read back, a class must be named in ``[core] allowed_deserialization_classes``.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_wfstate import conf
from airflow_wfstate.backends.field_names import field_names, with_field_names
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.text.wrapped import CLASS, DATA, DATETIME, DICT, DICT_ITEMS, FIELDS, VERSION
from airflow_wfstate.exceptions import InvalidPayload, PayloadTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLLECTIONS: Final[dict[str, type[tuple[Any, ...]] | type[set[Any]] | type[frozenset[Any]]]] = {
    "builtins.tuple": tuple,
    "builtins.set": set,
    "builtins.frozenset": frozenset,
}
_MAX_DEPTH: Final = 50  # a tuple takes up two of the 100 levels that a payload may have

_DAG_FILE_MODULE: Final = "unusual_prefix_"
"""How the modules that Airflow makes of DAG files begin."""

_WHAT_CAN_BE_STORED: Final = (
    "Return numbers, strings, lists, dicts, or a value of a type that Airflow serialises for XCom."
)

_HEAP_TYPE: Final = 1 << 9
"""CPython's ``Py_TPFLAGS_HEAPTYPE``: set for classes of Python code, not for static ones of C code."""


def encode(value: object, *, sort_keys: bool = False) -> Payload:
    """Encode a value as a payload.

    :param value: a step's result, a checkpoint, or a workflow's input.
    :param sort_keys: sort the keys of dicts, so that equal values give equal payloads. For values that are compared,
        such as a workflow's input.
    :raises InvalidPayload: part of the value cannot be stored; the message says which.
    :raises PayloadTooLarge: the text is longer than ``[wfstate] max_payload_bytes``.
    """
    type_name = type(value).__name__
    try:
        payload = Payload.of(_Encoder(sort_keys).encode(value), type_name=type_name, sort_keys=sort_keys)
    except ValueError as error:  # Python refuses to convert integers of more than 4300 digits to text
        raise InvalidPayload(
            f"The value of type {type_name} cannot be written as JSON: {error}.", _WHAT_CAN_BE_STORED
        ) from error
    check_size(payload)
    return payload


def check_size(payload: Payload) -> None:
    """Check that a payload is not larger than ``[wfstate] max_payload_bytes``.

    :raises PayloadTooLarge: it is larger.
    """
    limit = conf.max_payload_bytes()
    if payload.size > limit:
        raise PayloadTooLarge(
            f"The value of type {payload.type} takes {payload.size} bytes; the limit is {limit}.",
            "Store it elsewhere and return a reference to it, or raise [wfstate] max_payload_bytes.",
        )


def decode(payload: Payload) -> object:
    """Decode a payload to the value that it was made from.

    :raises InvalidPayload: the text was changed since it was stored, or a class of the value is missing here or not
        allowed by ``[core] allowed_deserialization_classes``.
    """
    return _decoded(payload.value())


class _Encoder:
    """Walks a value and keeps track of its position in it, for error messages."""

    def __init__(self, sort_keys: bool) -> None:
        self._sort_keys = sort_keys
        self._path: list[str] = ["value"]
        self._containers: set[int] = set()

    def encode(self, value: object) -> JsonValue:
        if value is None or type(value) in (bool, int, float, str):
            return value  # type: ignore[return-value]  # type() does not narrow as isinstance() does
        if isinstance(value, dict):
            with self._inside(value):
                return self._dict(value)
        if isinstance(value, list):
            with self._inside(value):
                return self._items(value)
        if _is_lazy_sequence(value):
            return self.encode(list(value[:]))  # a slice is one request to Airflow, an item as well
        if isinstance(value, (tuple, set, frozenset)):
            with self._inside(value):
                return self._collection(value)
        if type(value) is Decimal:
            return {CLASS: "decimal.Decimal", VERSION: 1, DATA: str(value)}
        if type(value) is datetime.datetime or _is_pendulum(value):
            return self._datetime(value)
        return self._left_to_airflow(value)

    def _dict(self, value: Mapping[Any, object]) -> JsonValue:
        if all(type(key) is str for key in value):
            if CLASS in value:
                raise self._error(f"has the key {CLASS}, which Airflow's serialisation reserves", "Rename the key.")
            return {key: self._at(f".{key}", item) for key, item in value.items()}
        pairs: list[JsonValue] = [
            [self._at(f".key({key!r})", key), self._at(f"[{key!r}]", item)] for key, item in value.items()
        ]
        if self._sort_keys:
            pairs.sort(key=_text)
        return {CLASS: DICT, DICT_ITEMS: pairs}

    def _items(self, values: Iterable[object]) -> list[JsonValue]:
        return [self._at(f"[{index}]", item) for index, item in enumerate(values)]

    def _collection(self, value: tuple[Any, ...] | set[Any] | frozenset[Any]) -> JsonValue:
        name = next(name for name, kind in _COLLECTIONS.items() if isinstance(value, kind))
        items = self._items(value)
        if not isinstance(value, tuple):
            items.sort(key=_text)  # equal sets give equal texts
        wrapper: dict[str, JsonValue] = {CLASS: name, VERSION: 1, DATA: items}
        if (names := field_names(value, len(items))) is not None:
            wrapper[FIELDS] = names
        return wrapper

    def _datetime(self, value: datetime.datetime) -> JsonValue:
        # ZoneInfo and pendulum's Timezone name their zone; a fixed offset is part of the text.
        zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
        return {
            CLASS: DATETIME,
            "at": value.isoformat(),
            "zone": zone,
            "fold": value.fold,
            "pendulum": _is_pendulum(value),
        }

    def _left_to_airflow(self, value: object) -> JsonValue:
        from airflow.sdk.serde import serialize

        try:
            plain = serialize(value)
        except RecursionError as error:
            raise self._error("contains itself, or nests too deeply", "Store a flatter value.") from error
        except Exception as error:  # serialisers come from many libraries, and can raise anything
            raise self._error(
                f"is of type {type(value).__module__}.{type(value).__qualname__}, which cannot be stored",
                _remedy_for_unstorable(type(value), str(error)),
            ) from error
        return with_field_names(cast("JsonValue", plain), value)

    def _at(self, place: str, value: object) -> JsonValue:
        self._path.append(place)
        plain = self.encode(value)
        self._path.pop()
        return plain

    @contextmanager
    def _inside(self, container: object) -> Iterator[None]:
        if id(container) in self._containers:
            raise self._error("contains itself", "Store a value without cycles.")
        if len(self._path) > _MAX_DEPTH:
            raise self._error(f"nests deeper than {_MAX_DEPTH} containers", "Store a flatter value.")
        self._containers.add(id(container))
        yield
        self._containers.discard(id(container))

    def _error(self, complaint: str, remedy: str) -> InvalidPayload:
        return InvalidPayload(f"{''.join(self._path)[:300]} {complaint}.", remedy)


def _is_pendulum(value: object) -> TypeGuard[datetime.datetime]:
    return isinstance(value, datetime.datetime) and type(value).__module__ == "pendulum.datetime"


def _text(plain: JsonValue) -> str:
    return json.dumps(plain, sort_keys=True)


def _decoded(plain: JsonValue) -> object:
    if isinstance(plain, list):
        return [_decoded(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    name = plain.get(CLASS)
    if not isinstance(name, str):
        return {key: _decoded(item) for key, item in plain.items()}
    if name == DICT:
        pairs: Any = plain[DICT_ITEMS]  # as _Encoder._dict wrote them
        return {_decoded(key): _decoded(item) for key, item in pairs}
    if name == DATETIME:
        return _datetime(plain)
    if name in _COLLECTIONS:
        items: Any = plain[DATA]  # as _Encoder._collection wrote them
        return _COLLECTIONS[name](_decoded(item) for item in items)
    return _read_by_airflow(plain, name)


def _datetime(plain: dict[str, JsonValue]) -> datetime.datetime:
    at = datetime.datetime.fromisoformat(str(plain["at"]))
    if zone := plain["zone"]:
        # A machine that does not know the zone keeps the offset, which still gives the right moment.
        with suppress(ZoneInfoNotFoundError, ValueError):
            at = at.replace(tzinfo=ZoneInfo(str(zone)), fold=1 if plain["fold"] else 0)
    if plain["pendulum"]:
        import pendulum

        return pendulum.instance(at, tz=at.tzinfo)
    return at


def _is_lazy_sequence(value: object) -> TypeGuard[Sequence[object]]:
    """Whether it is what Airflow gives for the outputs of a mapped task, which it does not serialise itself."""
    module = sys.modules.get("airflow.sdk.execution_time.lazy_sequence")  # loaded by whoever made such a value
    return module is not None and isinstance(value, module.LazyXComSequence)


def _remedy_for_unstorable(kind: type, said: str) -> str:
    """What to return instead, and then what Airflow said, unless that is advice which nobody can follow.

    About a class that it does not know, Airflow says only how to extend the class. About a part of the value, or if a
    serialiser fails, it says something new.
    """
    is_advice_on_class = str(kind) in said
    if is_advice_on_class and not _can_be_extended(kind):
        return _WHAT_CAN_BE_STORED
    return f"{_WHAT_CAN_BE_STORED} Airflow says: {said}"


def _can_be_extended(kind: type) -> bool:
    """Whether a class can be given methods or made a dataclass: not one of Python or of an extension, nor an enum."""
    is_made_in_python = bool(kind.__flags__ & _HEAP_TYPE)
    is_of_python = kind.__module__.partition(".")[0] in sys.stdlib_module_names
    return is_made_in_python and not is_of_python and not issubclass(kind, Enum)


def _remedy(name: str) -> str:
    if name.startswith(_DAG_FILE_MODULE):
        return (
            "The class is defined in a DAG file, from which it cannot be imported. Move it to an importable module, so "
            "that values stored from now on can be read. This value stays unreadable."
        )
    return f"Install the package that defines {name}, and add it to [core] allowed_deserialization_classes."


def _read_by_airflow(plain: dict[str, JsonValue], name: str) -> object:
    from airflow.sdk.serde import deserialize

    try:
        value: object = deserialize(plain)
    except Exception as error:  # deserialisers come from many libraries, and can raise anything
        raise InvalidPayload(f"A stored value of type {name} cannot be read here: {error}.", _remedy(name)) from error
    return value
