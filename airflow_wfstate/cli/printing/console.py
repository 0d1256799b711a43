"""The console that tables and trees are printed on: rich's, as Airflow sets it up."""

from __future__ import annotations

from airflow.cli.simple_table import AirflowConsole
from rich.console import RenderableType

_UNLIMITED = 10_000
"""Columns: a line of this width is never wrapped by us."""


class Console(AirflowConsole):
    """Airflow's console, on which stored text is no markup, and whose reader may go away.

    Colours are rich's business: none in a pipe, none with ``NO_COLOR``.
    """

    def __init__(self) -> None:
        super().__init__(markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        """Leave it to the command how it ends when nobody reads its output (rich would end the process)."""
        raise BrokenPipeError

    def widen(self) -> None:
        """Wrap no line from now on: a terminal wraps it by itself, and a copied line is whole."""
        self.width = _UNLIMITED

    def natural_width(self, thing: RenderableType) -> int:
        """The columns that a thing takes when no line of it is wrapped."""
        return self.measure(thing, options=self.options.update(max_width=_UNLIMITED)).maximum
