"""The rule for names, shared by workflow names and keys, steps, items, checkpoints and participants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airflow_wfstate.domain.rules.text.characters import BIDI_CONTROLS, described, is_control, is_invisible
from airflow_wfstate.exceptions import InvalidName

MAX_NAME_LENGTH: Final = 250
"""The most characters; the same as Airflow's limit for DAG and task ids."""

MAX_FORMER_NAMES: Final = 100
"""The most former names of one step (``was``)."""


def check_name(kind: str, value: object) -> str:
    """Check that ``value`` is a valid name, and return it.

    :param kind: what is named, for error messages ("workflow key").
    :param value: a string of 1 to :data:`MAX_NAME_LENGTH` characters, some of them visible, without control characters
        (PostgreSQL's text refuses NUL), lone surrogates (which have no UTF-8 form) and characters that change the
        direction of the text around them.
    :raises InvalidName: it is not.
    """
    if not isinstance(value, str):
        raise InvalidName(f"The {kind} is of type {type(value).__name__}.", "Give a string.")
    if not value.strip():
        raise InvalidName(f"The {kind} is empty.", f"Give a {kind} of 1 to {MAX_NAME_LENGTH} characters.")
    if len(value) > MAX_NAME_LENGTH:
        raise InvalidName(
            f"The {kind} {value[:40]!r}... has {len(value)} characters.",
            f"At most {MAX_NAME_LENGTH} are allowed.",
        )
    if value.isascii() and value.isprintable():
        return value
    for character in value:
        if is_control(character) or character in BIDI_CONTROLS:
            raise InvalidName(
                f"The {kind} {value[:80]!r} contains the character {described(character)}.",
                "Remove control characters, lone surrogates and characters that change the direction of text.",
            )
    if is_invisible(value):
        raise InvalidName(
            f"The {kind} {value[:80]!r} has only invisible characters, such as {described(value[0])}.",
            "Use visible characters.",
        )
    return value


def check_step_name(value: object) -> str:
    """Check that ``value`` is a valid step name, without square brackets, and return it.

    In the label of a step, brackets enclose its item or its participant's place, so a step ``m[x]`` could not be
    distinguished from item ``x`` of a step ``m``. Task ids have no brackets. Names stored before this rule existed stay
    readable, and a step can be renamed from such a name.

    :raises InvalidName: it is not.
    """
    name = check_name("step name", value)
    if "[" in name or "]" in name:
        plain = name.replace("[", "_").replace("]", "")
        raise InvalidName(
            f"The step name {name[:80]!r} has square brackets, which enclose an item or a place.",
            f"Use a name without them. If workflows have already begun this step, use name={plain!r}, was=[{name!r}].",
        )
    return name


def check_former_names(names: Sequence[str]) -> None:
    """Check the former names of a step.

    :raises InvalidName: one is not valid, or there are more than a hundred.
    """
    if len(names) > MAX_FORMER_NAMES:
        raise InvalidName(f"A step has {len(names)} former names.", f"At most {MAX_FORMER_NAMES} are allowed.")
    for name in names:
        check_name("former step name", name)


def storable_text(text: str) -> str:
    """Free text (an error message) made storable: NUL and lone surrogates become their backslash escapes."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
