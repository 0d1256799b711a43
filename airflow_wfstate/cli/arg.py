"""Arg: Airflow's command argument, with its help text printed as written, and with shell completion."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from airflow.cli import cli_config
from rich.markup import escape

Completer: TypeAlias = Callable[..., Iterable[str]]
"""argcomplete calls it with the keywords ``prefix``, ``parsed_args``, ``action`` and ``parser``."""


class Arg(cli_config.Arg):
    """An argument or option.

    :param flags: its name, or its option strings.
    :param completer: returns what the shell may complete; None for no completion (Airflow's default completes file
        names).
    :param declared: keywords for ``ArgumentParser.add_argument``. Airflow prints the help as rich markup, which would
        take text in brackets for a style and drop it, so brackets are escaped here.
    """

    def __init__(self, flags: tuple[str, ...], *, completer: Completer | None = None, **declared: Any) -> None:
        if "help" in declared:
            declared["help"] = escape(declared["help"])
        super().__init__(flags, **declared)  # type: ignore[no-untyped-call]  # Airflow does not annotate it
        self.completer = completer

    def add_to_parser(self, parser: ArgumentParser) -> None:
        """Add the argument to a parser."""
        action = parser.add_argument(*self.flags, **self.kwargs)
        if self.completer is not None:
            action.completer = self.completer  # type: ignore[attr-defined]  # where argcomplete looks for it
