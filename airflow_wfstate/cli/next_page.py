"""Print the command for the next page of a list: the same command with a later position."""

from __future__ import annotations

import shlex
from argparse import Namespace
from typing import Final

from airflow.cli.cli_config import ActionCommand, Arg

from airflow_wfstate.cli.definition import ARG_AFTER, ARG_AFTER_ITEM, ARG_CURSOR, WFSTATE_COMMANDS, WFSTATE_GROUPS
from airflow_wfstate.cli.definitions_group import ARG_AFTER_NAME, ARG_BEFORE_NUMBER
from airflow_wfstate.cli.event_group import ARG_AFTER_EVENT
from airflow_wfstate.cli.printing.rendering import print_text

_POSITIONS: Final = (ARG_CURSOR, ARG_AFTER, ARG_AFTER_ITEM, ARG_AFTER_NAME, ARG_BEFORE_NUMBER, ARG_AFTER_EVENT)
"""The options for the position of a page. A command has one of them."""


def tell_next_page(arguments: Namespace, position: str | int | None) -> None:
    """Print the command on stderr, so that stdout has only the list. Prints nothing if there is no further page.

    :param position: where the next page begins, for the command's ``--cursor`` or ``--after``.
    """
    if position is not None:
        print_text(f"More results: {_command(arguments, position)}", is_error=True)


def _command(arguments: Namespace, position: str | int) -> str:
    """The command with every option that was given, following its declaration."""
    words, declared = _declared(arguments)
    words = ["airflow", "wfstate", *words]
    for option in declared.args:
        value = position if option in _POSITIONS else vars(arguments).get(_name(option))
        words += _words(option, value)
    return shlex.join(words)


def _declared(arguments: Namespace) -> tuple[list[str], ActionCommand]:
    """The words of a command, and its declaration. A command in a group may have the same name as one outside it."""
    for group in WFSTATE_GROUPS:
        for command in group.subcommands:
            if command.func is getattr(arguments, "func", None):
                return [group.name, command.name], command
    declared = next(command for command in WFSTATE_COMMANDS if command.name == arguments.subcommand)
    return [declared.name], declared


def _name(option: Arg) -> str:
    """The name of an option in the parsed arguments, following argparse's rules."""
    flag: str = next((flag for flag in option.flags if flag.startswith("--")), option.flags[0])
    return str(option.kwargs.get("dest") or flag.lstrip("-").replace("-", "_"))


def _words(option: Arg, value: object) -> list[str]:
    """The words that set an option to this value; none for its default."""
    flag: str = option.flags[0]
    if not flag.startswith("-"):
        return [str(value)]
    if value is None or value is False or value == option.kwargs.get("default"):
        return []
    if value is True:
        return [flag]
    values = value if isinstance(value, list) else [value]
    return [word for one in values for word in _valued(flag, str(one))]


def _valued(flag: str, value: str) -> list[str]:
    """An option and its value; as one word if the value could be mistaken for an option (``--sort=-key``)."""
    return [f"{flag}={value}"] if value.startswith("-") and flag.startswith("--") else [flag, value]
