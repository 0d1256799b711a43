"""What people do not get to see of stored values: what an author redacts, and what Airflow's secrets masker knows.

Steps, compensations and relays are given values as they are. People are shown them with ``***`` in place of

- what the JSON paths of ``redact=[...]`` name: JSONPath queries (RFC 9535) without filters. One that does not begin
  with ``$`` is looked for at any depth: ``card_number`` is ``$..card_number``;
- the values of keys with a sensitive name (``password``, ``token``; ``[core] sensitive_var_conn_names`` adds others),
  and every text that Airflow's masker was told of in this process: Airflow's own rules, as in its logs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, cast, overload

from airflow._shared.secrets_masker import redact as redact_on_server
from airflow.sdk._shared.secrets_masker import redact as redact_in_task

from airflow_wfstate.domain.payload import JsonValue, Payload
from airflow_wfstate.exceptions import InvalidRequest

if TYPE_CHECKING:
    from jsonpath import JSONPath, JSONPathEnvironment

MASK: Final = "***"
MAX_PATHS: Final = 20
MAX_PATH_LENGTH: Final = 250
_MAX_DESCENTS: Final = 2
"""Of ``..`` in a path: each multiplies the work by the depth of the value."""


def check_paths(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the paths when all of them can be looked for.

    :raises InvalidRequest: there are more than 20; or one is longer than 250 characters, is no JSONPath, holds a
        filter, or descends (``..``) more than twice.
    """
    if isinstance(paths, str) or len(paths) > MAX_PATHS:
        raise InvalidRequest("redact is no list of paths, or a long one.", f"Give a list of at most {MAX_PATHS} paths.")
    for path in paths:
        _compiled(path)
    return tuple(paths)


def masked(payload: Payload, paths: Sequence[str] = (), *, name: str | None = None) -> Payload:
    """The payload as people may see it; the same one when nothing of it is to be hidden.

    Size and sha256 stay those of the stored value.

    :param name: under which the value is kept (of a checkpoint): a path that is this name, and a sensitive name, hide
        all of it.
    """
    value = json.loads(payload.text)
    shown = masked_value(value, paths, name=name)
    if shown == value:
        return payload
    return replace(payload, text=json.dumps(shown, separators=(",", ":")), is_masked=True)


def masked_value(value: JsonValue, paths: Sequence[str] = (), *, name: str | None = None) -> JsonValue:
    """A JSON value as people may see it; see :func:`masked`."""
    if name is not None and name in paths:
        return MASK
    hidden = _hidden(value, sorted({place for path in paths for place in _places(path, value)}, key=len))
    return cast("JsonValue", redact_in_task(redact_on_server(hidden, name), name))  # each keeps secrets of its own


@overload
def masked_text(text: str) -> str: ...
@overload
def masked_text(text: str | None) -> str | None: ...
def masked_text(text: str | None) -> str | None:
    """A text for people, an error for instance, without the secrets that Airflow's masker knows in this process."""
    return None if text is None else str(redact_in_task(redact_on_server(text)))


def _places(path: str, value: JsonValue) -> list[tuple[int | str, ...]]:
    """The places in a value that a path names."""
    # The library would read a text as a JSON document; no scalar has a place but itself, so any other will do.
    return [match.parts for match in _compiled(path).finditer(0 if isinstance(value, str) else value)]


def _hidden(value: JsonValue, places: Sequence[tuple[int | str, ...]]) -> JsonValue:
    """The value with the mask at each of the places; outer ones come first."""
    if not places:
        return value
    if not places[0]:
        return MASK
    value = cast("JsonValue", json.loads(json.dumps(value)))
    for place in places:
        container = value
        for part in place[:-1]:
            container = _item(container, part)
        last = place[-1]
        if isinstance(container, dict) and isinstance(last, str):
            container[last] = MASK
        if isinstance(container, list) and isinstance(last, int):
            container[last] = MASK
    return value


def _item(container: JsonValue, part: int | str) -> JsonValue:
    """What is at one part of a place; None where an outer mask has taken its place."""
    if isinstance(container, dict) and isinstance(part, str):
        return container.get(part)
    if isinstance(container, list) and isinstance(part, int):
        return container[part]
    return None


@cache
def _environment() -> JSONPathEnvironment:
    from jsonpath import JSONPathEnvironment

    environment = JSONPathEnvironment(strict=True)
    environment.function_extensions.clear()
    return environment


@lru_cache(maxsize=1024)
def _compiled(path: str) -> JSONPath:
    # Imported late: it takes 25 ms (measured), which a task without a redacted step need not spend.
    from jsonpath import JSONPath
    from jsonpath.exceptions import JSONPathError

    if not isinstance(path, str) or not 1 <= len(path) <= MAX_PATH_LENGTH or not path.isprintable():
        raise InvalidRequest(
            f"The path {str(path)[:80]!r} in redact is empty, too long or not printable.",
            f"Give 1 to {MAX_PATH_LENGTH} characters, for instance card_number or $.customer.address.",
        )
    query = path if path.startswith("$") else f"$..{path}"
    if "?" in path or query.count("..") > _MAX_DESCENTS:
        raise InvalidRequest(
            f"The path {path!r} in redact has a filter, or descends more than {_MAX_DESCENTS} times.",
            "Name what is to be hidden, for instance card_number or $.customer.address.",
        )
    try:
        compiled = _environment().compile(query)
    except JSONPathError as error:
        raise InvalidRequest(
            f"The path {path!r} in redact is no JSONPath: {str(error).splitlines()[0]}.",
            "Give one as RFC 9535 describes it, for instance card_number, items[*].cvc or ['card-number'].",
        ) from error
    if not isinstance(compiled, JSONPath):
        raise InvalidRequest(f"The path {path!r} in redact is more than one path.", "Give each on its own.")
    return compiled
