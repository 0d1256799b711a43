"""An argument of a command, as it is declared: Airflow's, with its help as it is written, and completed by a shell."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from airflow.cli import cli_config
from rich.markup import escape

Completer: TypeAlias = Callable[..., Iterable[str]]
"""As argcomplete calls it: with ``prefix``, ``parsed_args``, ``action`` and ``parser``, by name."""


class Arg(cli_config.Arg):
    """An argument or option.

    :param flags: its name, or the options that it goes by.
    :param completer: gives what the shell may complete; None for nothing (Airflow's default: file names).
    :param declared: as of ``ArgumentParser.add_argument``. Airflow prints the help as rich's markup, which would take
        what stands in brackets for a style and drop it: brackets are escaped here.
    """

    def __init__(self, flags: tuple[str, ...], *, completer: Completer | None = None, **declared: Any) -> None:
        if "help" in declared:
            declared["help"] = escape(declared["help"])
        super().__init__(flags, **declared)  # type: ignore[no-untyped-call]  # Airflow does not annotate it
        self.completer = completer

    def add_to_parser(self, parser: ArgumentParser) -> None:
        """Declare it to a parser."""
        action = parser.add_argument(*self.flags, **self.kwargs)
        if self.completer is not None:
            action.completer = self.completer  # type: ignore[attr-defined]  # where argcomplete looks for it
