"""How a field of a request is set outside Python: in a URL, and on the command line.

It is declared once, with the field. The api-server's parameters, the client's parameters and the options of ``airflow
wfstate list`` are derived from it.
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
    """The declaration of a field for URLs and the command line.

    :param help: one sentence without a full stop.
    :param parameter: the field's name in a URL; its option is the same with dashes. None for the name of the field.
    :param is_filter: whether it restricts what is listed; False for the order, size and position of a page.
    :param has_option: whether ``airflow wfstate list`` has an option for it.
    :param parse: converts the texts of a repeatable parameter to the field's value.
    :param at_least: the minimum of a number; None for no limit.
    :param at_most: the maximum of a number; None for no limit.
    :param max_length: the maximum length of each text, in characters.
    :param pattern: a regular expression that each text must match; None for any text without a NUL character.
    :param max_items: how often a parameter with ``parse`` may be given. In a list of states, each may be given once.
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
    """A field of a message that can be set in a URL or on the command line.

    :param within: the field of the message that contains it; None for a field of the message itself.
    :param name: name of the field.
    :param parameter: its name in a URL.
    :param type: type of its value.
    :param default: its default; ``dataclasses.MISSING`` if it is required.
    """

    within: str | None
    name: str
    parameter: str
    type: Any
    default: Any
    asked: Asked

    def value_in(self, message: object) -> Any:
        """The value of this field in a message."""
        return getattr(message if self.within is None else getattr(message, self.within), self.name)


def asked(help: str, **more: Any) -> Mapping[str, Asked]:  # the same name as in argparse
    """Metadata for a dataclass field; see :class:`Asked`."""
    return {_KEY: Asked(help, **more)}


PAGE_SIZE: Final = asked("The size of a page", is_filter=False, at_least=1, at_most=MAX_LIMIT)
"""The metadata of a field for the size of a page."""

MAX_NUMBER: Final = 2**62 - 1
"""The highest number of a journal entry that can be requested."""


def asked_fields(message: type[Any]) -> tuple[AskedField, ...]:
    """The settable fields of a message, in order, including the filter fields of a nested filter."""
    if message not in _FOUND:  # reading annotations is slow, and every request needs them
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
