"""How a field of a request is asked for outside of Python: in a URL, and on a command line.

It is said once, beside the field: the api-server's parameters, the client's, and the options of
``airflow wfstate list`` follow from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

from airflow_wfstate.domain.rules.page_limit import MAX_LIMIT

_KEY: Final = "asked"
_FOUND: Final[dict[type[Any], tuple[AskedField, ...]]] = {}


@dataclass(frozen=True)
class Asked:
    """What a URL and a command line say of a field.

    :param help: one sentence without its full stop.
    :param parameter: the field's name in a URL; its option is the same with dashes. None: as the field itself.
    :param is_filter: whether it narrows what is listed; False for order, size and beginning of a page.
    :param has_option: whether ``airflow wfstate list`` has an option for it.
    :param parse: makes the value of the texts of a parameter that may be given several times.
    :param at_least: of a number; None for no such limit.
    :param at_most: likewise.
    :param max_length: of each text, in characters.
    :param pattern: that each text matches, as a regular expression; None for any text without a zero byte.
    :param max_items: how often a parameter with ``parse`` may be given. Of a list of states: once each.
    """

    help: str
    parameter: str | None = None
    is_filter: bool = True
    has_option: bool = True
    parse: Callable[[Iterable[str]], object] | None = None
    at_least: int | None = None
    at_most: int | None = None
    max_length: int = 1000
    pattern: str | None = None
    max_items: int = 1000


@dataclass(frozen=True)
class AskedField:
    """A field of a message that can be asked for.

    :param within: the field of the message that holds it; None for one of the message itself.
    :param name: of the field.
    :param parameter: its name in a URL.
    :param type: of its value.
    :param default: what it is when it is not asked for; ``dataclasses.MISSING`` where it must be.
    """

    within: str | None
    name: str
    parameter: str
    type: Any
    default: Any
    asked: Asked

    def value_in(self, message: object) -> Any:
        """What a message asks for in this field."""
        return getattr(message if self.within is None else getattr(message, self.within), self.name)


def asked(help: str, **more: Any) -> Mapping[str, Asked]:  # named as argparse's
    """The metadata of such a field of a dataclass; see :class:`Asked`."""
    return {_KEY: Asked(help, **more)}


PAGE_SIZE: Final = asked("The size of a page", is_filter=False, at_least=1, at_most=MAX_LIMIT)
"""Of a field that says how much a page holds."""

MAX_NUMBER: Final = 2**62 - 1
"""Of a journal entry, as far as anybody may ask for it."""


def asked_fields(message: type[Any]) -> tuple[AskedField, ...]:
    """The fields of a message that can be asked for, in their order; of a filter that it holds, what narrows."""
    if message not in _FOUND:  # it reads annotations, and is asked for with each request
        _FOUND[message] = tuple(_asked_fields(message))
    return _FOUND[message]


def _asked_fields(message: type[Any]) -> Iterator[AskedField]:
    types = get_type_hints(message)
    for field in dataclasses.fields(message):
        kind = types[field.name]
        if (said := field.metadata.get(_KEY)) is not None:
            made = field.default_factory
            default = field.default if made is dataclasses.MISSING else made()
            yield AskedField(None, field.name, said.parameter or field.name, kind, default, said)
        elif dataclasses.is_dataclass(kind) and isinstance(kind, type):
            narrowing = (inner for inner in asked_fields(kind) if inner.asked.is_filter)
            yield from (dataclasses.replace(inner, within=field.name) for inner in narrowing)
