"""The blocks of code of a page, and what its commands print when they are run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MARK = "--- block"


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    :param number: its place on the page, from 0.
    :param language: what stands behind the fence.
    """

    number: int
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order; directives of the site (```{...}) are none."""
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [Block(number, language, text) for number, (language, text) in enumerate(found)]


def shown_output(page: Path) -> list[tuple[Block, str]]:
    """Each block of commands whose output the page shows in a ``text`` block right behind it, with that output."""
    all_blocks = blocks(page)
    return [(all_blocks[block.number - 1], block.text) for block in all_blocks if block.language == "text"]


def is_as_shown(output: str, printed: str) -> bool:
    """Whether commands printed what the page shows; ``...`` there stands for any text."""
    return re.fullmatch(".*".join(re.escape(part) for part in output.split("...")), printed, re.DOTALL) is not None


def file_of(block: Block) -> str | None:
    """The file that a block is to be saved as: what its first line, a comment, names. None when it names none."""
    named = re.fullmatch(r"# ([\w./-]+\.\w+)", block.text.partition("\n")[0])
    return named[1] if named else None


def run_commands(
    commands: Mapping[int, str], folder: Path, environment: Mapping[str, str], timeout_seconds: float
) -> dict[int, str]:
    """Run blocks of commands in one bash, and return what each has printed, by its number.

    What they leave running is killed.
    """
    script = "\n".join(line for number, text in commands.items() for line in (f"echo; echo '{_MARK} {number}'", text))
    bash = subprocess.Popen(
        ["bash"],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = bash.communicate(script, timeout=timeout_seconds)
    except subprocess.TimeoutExpired as expired:
        partial = expired.output or b""
        text = partial.decode(errors="replace") if isinstance(partial, bytes) else partial
        raise AssertionError(
            f"The commands did not end in {timeout_seconds} seconds. Printed so far:\n{text}"
        ) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(bash.pid, signal.SIGKILL)
        bash.wait()
    parts = re.split(rf"^{_MARK} (\d+)$\n", printed, flags=re.MULTILINE)
    return {
        int(number): re.sub(r" +$", "", text.rstrip("\n") + "\n", flags=re.MULTILINE)
        for number, text in zip(parts[1::2], parts[2::2], strict=True)
    }
