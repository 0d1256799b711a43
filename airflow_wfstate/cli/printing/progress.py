"""Show the progress of long work on stderr: a bar on a terminal, otherwise a line for each change."""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from airflow_wfstate.cli.printing.rendering import print_text
from airflow_wfstate.domain.rules.text.characters import shown_text

LINE_EVERY_SECONDS: Final = 10.0
"""Seconds between two lines about work with thousands of pieces."""


class Progress:
    """A context manager that shows the progress of one piece of work.

    :param title: what is being worked on.
    :param pause_seconds: without a terminal, the minimum time between two lines that differ only in their numbers.
        Default: a line for each change.
    :param is_silent: True to show nothing, because the output itself also goes to the terminal.
    """

    def __init__(self, title: str, *, pause_seconds: float = 0.0, is_silent: bool = False) -> None:
        self._title = shown_text(title)
        self._pause_seconds = pause_seconds
        self._is_silent = is_silent
        self._told_at = -math.inf
        self._last: tuple[str, int | None, int | None] | None = None
        self._bar: Bar | None = None
        if sys.stderr.isatty() and not is_silent:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(bar_width=20),
                _Count(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,  # the output says how it ended
                # Otherwise rich would redirect stdout, which may be a file, to stderr.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._bar.add_task(escape(self._title), total=None, is_counted=False)

    def __enter__(self) -> Progress:
        """Start showing the progress."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()

    def tell(self, what: str, done: int | None = None, total: int | None = None) -> None:
        """Show the current progress. Repeating the same values prints no line.

        :param what: what is going on, in a few words.
        :param done: the number of finished pieces; None for work that is done all at once.
        :param total: the total number of pieces; None if it is not known.
        """
        if self._bar is not None:
            described = escape(f"{self._title}  {shown_text(what)}")
            is_counted = done is not None
            self._bar.update(
                self._task, description=described, completed=done or 0, total=total or None, is_counted=is_counted
            )
        elif not self._is_silent and self._last != (what, done, total) and self._is_time(what):
            self._told_at = time.monotonic()
            print_text(f"{self._title}: {what}" + (f", {done} of {total}" if total is not None else ""), is_error=True)
        self._last = (what, done, total)

    def _is_time(self, what: str) -> bool:
        is_another = self._last is None or self._last[0] != what
        return is_another or time.monotonic() - self._told_at >= self._pause_seconds


class _Count(MofNCompleteColumn):
    """``17/40``, for work that is counted."""

    def render(self, task: Task) -> Text:
        """Render the count; empty for work that is done all at once."""
        return super().render(task) if task.fields["is_counted"] else Text("")
