"""``--watch``: refresh the output, in place on a terminal, otherwise one after the other."""

from __future__ import annotations

import io
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime, timezone
from typing import Final

from airflow_wfstate.cli.arguments import check_every
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, print_text, write_raw
from airflow_wfstate.domain.rules.text.characters import shown_text
from airflow_wfstate.exceptions import InvalidRequest, ReadTimedOut, Unavailable

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""Switch to the alternate screen, hide the cursor, and cut off long lines. The old screen comes back afterwards."""

_LEAVE: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_TOP: Final = "\x1b[H"
_END_OF_LINE: Final = "\x1b[K\n"
_REST: Final = "\x1b[J"


def watch(arguments: Namespace, print_once: Callable[[], bool]) -> None:
    """Print an answer every ``--every`` seconds until it is the last one, or the user presses Ctrl-C.

    If the store does not answer, this is shown, and it is asked again. On a terminal, the last answer stays when the
    watch ends.

    :param print_once: prints the answer on stdout, and returns False if it is the last one.
    :raises InvalidRequest: the output format is for programs, or the interval is out of range.
    """
    check_every(arguments.every)
    if arguments.output in PROGRAM_FORMATS:
        raise InvalidRequest(
            f"--watch is for people, but -o {arguments.output} is for programs.",
            "Leave one of them out. In a script, wait with: airflow wfstate wait",
        )
    if sys.stdout.isatty():
        _in_place(arguments.every, print_once)
    else:
        _one_after_the_other(arguments.every, print_once)


class _Frame(io.StringIO):
    """The output of one refresh, laid out for the terminal that will show it."""

    def isatty(self) -> bool:
        return True


def _in_place(seconds: int, print_once: Callable[[], bool]) -> None:
    shown, goes_on = "", True
    write_raw(_ENTER)
    try:
        while goes_on:
            frame, trouble = _Frame(), ""
            try:
                with redirect_stdout(frame):
                    goes_on = print_once()
                shown = frame.getvalue()
            except (Unavailable, ReadTimedOut) as error:
                trouble = f" {shown_text(str(error))} Retrying."
            write_raw(_screen(f"Every {seconds}s, as of {_clock()}. Press Ctrl-C to stop.{trouble}\n\n{shown}"))
            if goes_on:
                time.sleep(seconds)
    finally:
        write_raw(_LEAVE)
        write_raw(shown)


def _screen(text: str) -> str:
    """The text with codes that replace the screen without flicker. Lines that do not fit the screen are left out."""
    height = shutil.get_terminal_size().lines
    return _TOP + _END_OF_LINE.join(text.splitlines()[: height - 1]) + _END_OF_LINE + _REST


def _one_after_the_other(seconds: int, print_once: Callable[[], bool]) -> None:
    while True:
        print_text(f"As of {_clock()}:")
        try:
            if not print_once():
                return
        except (Unavailable, ReadTimedOut) as error:
            print_text(f"{error} Retrying.", is_error=True)
        sys.stdout.flush()
        time.sleep(seconds)


def _clock() -> str:
    return f"{datetime.now(timezone.utc):%H:%M:%S}Z"
