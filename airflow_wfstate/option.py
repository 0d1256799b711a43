"""An option of the ``[wfstate]`` section, and its valid values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypedDict

from airflow_wfstate.exceptions import InvalidOption

SECTION: Final = "wfstate"


class Option(TypedDict):
    """An option in the form of Airflow's provider schema (airflow/provider_info.schema.json, ``config``)."""

    description: str
    version_added: str
    type: str
    example: str | None
    default: str


@dataclass(frozen=True)
class DeclaredOption:
    """The declaration of an option.

    :param at_least: the lowest valid number; ``at_most`` is the highest.
    :param since: the release that added it.
    """

    kind: str
    default: str
    description: str
    at_least: float = 0
    at_most: float = 0
    since: str = "0.1.0"

    def option(self) -> Option:
        """The option for Airflow's provider schema."""
        described = self.description
        if self.kind in _NUMBERS:
            described += f" From {self.at_least:g} to {self.at_most:.12g}."
        return {
            "description": described,
            "version_added": self.since,
            "type": self.kind,
            "example": None,
            "default": self.default,
        }

    def value(self, name: str, text: str) -> str | float | bool:
        """The value of a text.

        :raises InvalidOption: the text is not a valid value.
        """
        if self.kind == "boolean":
            return boolean_of(name, text)
        return self._number(name, text) if self.kind in _NUMBERS else text

    def _number(self, name: str, text: str) -> float:
        try:
            number = int(text) if self.kind == "integer" else float(text)
        except ValueError:
            number = math.nan
        if not self.at_least <= number <= self.at_most:
            raise InvalidOption(
                f"[{SECTION}] {name} is {text[:100]!r}.",
                f"Set it to {'a whole number' if self.kind == 'integer' else 'a number'} from {self.at_least:g} to "
                f"{self.at_most:.12g}, or leave it out for {self.default}.",
            )
        return number


def boolean_of(name: str, text: str) -> bool:
    """Convert a text to a boolean, as Airflow does for its own options.

    :raises InvalidOption: the text is not a boolean.
    """
    if text.strip().lower() not in (*_TRUE, *_FALSE):
        raise InvalidOption(f"[{SECTION}] {name} is {text[:100]!r}.", "Set it to True or False.")
    return text.strip().lower() in _TRUE


_NUMBERS: Final = ("integer", "float")
_TRUE: Final = ("t", "true", "1", "yes", "on")  # the same texts as in Airflow
_FALSE: Final = ("f", "false", "0", "no", "off")
