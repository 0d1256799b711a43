"""How long work comes along, on stderr: a bar on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from airflow_wfstate.cli.printing.rendering import print_text
from airflow_wfstate.domain.rules.text.characters import shown_text


class Progress:
    """The progress of one piece of work; a context manager.

    :param title: what is worked on.
    """

    def __init__(self, title: str) -> None:
        self._title = shown_text(title)
        self._last: tuple[str, int, int | None] | None = None
        self._bar: Bar | None = None
        if sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,  # the answer says how it ended
            )
            self._task = self._bar.add_task(escape(self._title), total=None)

    def __enter__(self) -> Progress:
        """Begin to show it."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def tell(self, what: str, done: int, total: int | None = None) -> None:
        """Show where the work stands; said again, it prints no line.

        :param what: is going on, in a few words.
        :param done: pieces that are done.
        :param total: pieces there are; None when that is not known.
        """
        if self._bar is not None:
            described = escape(f"{self._title}  {shown_text(what)}")
            self._bar.update(self._task, description=described, completed=done, total=total or None)
        elif self._last != (what, done, total):
            print_text(f"{self._title}: {what}" + (f", {done} of {total}" if total is not None else ""), is_error=True)
        self._last = (what, done, total)
