"""The console for tables and trees: rich's console as configured by Airflow."""

from __future__ import annotations

from airflow.cli.simple_table import AirflowConsole
from rich.console import RenderableType

_UNLIMITED = 10_000
"""A width in columns at which we never wrap a line."""


class Console(AirflowConsole):
    """Airflow's console, but stored text is never markup, and the reader of the output may go away.

    rich decides about colours: it uses none in a pipe, and none with ``NO_COLOR``.
    """

    def __init__(self) -> None:
        super().__init__(markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        """Let the command decide how to end when nobody reads its output (rich would end the process)."""
        raise BrokenPipeError

    def widen(self) -> None:
        """Stop wrapping lines: the terminal wraps them, and a copied line stays whole."""
        self.width = _UNLIMITED

    def natural_width(self, thing: RenderableType) -> int:
        """The width of something in columns when none of its lines is wrapped."""
        return self.measure(thing, options=self.options.update(max_width=_UNLIMITED)).maximum
