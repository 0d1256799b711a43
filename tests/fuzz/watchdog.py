"""A watchdog over an api-server: no answer may take more time or memory than a page of a wide workflow needs.

Its clock is for ``make fuzz``, which runs alone. Beside other tests it would measure the machine, so that ``make test``
has the watchdog look at the memory alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

MAX_SECONDS: Final = 2.0
"""On a machine that does nothing else."""

MAX_BYTES: Final = 200 * 1024 * 1024

_RESET_PEAK: Final = "5"
"""What ``/proc/PID/clear_refs`` takes for "reset the peak" (proc(5))."""


class ServerMemory:
    """How much more memory a server takes while it answers; Linux only.

    :param pid: of its first process; those that it has started are counted too.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before: dict[int, int] = {}

    def begin(self) -> None:
        """Forget what came before."""
        self._before = {}
        for pid in _with_children(self._pid):
            try:
                Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)
                self._before[pid] = _bytes(pid, "VmRSS")
            except (OSError, ValueError):  # it has ended since
                continue

    def growth(self) -> int:
        """Bytes by which the process that grew most had grown at its peak."""
        grown = [0]
        for pid, before in self._before.items():
            try:
                grown.append(_bytes(pid, "VmHWM") - before)
            except (OSError, ValueError):
                continue
        return max(grown)


def complaint(seconds: float, grown: int, max_seconds: float | None) -> str | None:
    """What is wrong with an answer that took this much; None when nothing is.

    :param seconds: how long it took.
    :param grown: bytes by which the server grew meanwhile.
    :param max_seconds: how long it may take; None for as long as it likes.
    """
    if max_seconds is not None and seconds > max_seconds:
        return f"The answer took {seconds:.1f} s; {max_seconds:g} are allowed."
    if grown > MAX_BYTES:
        return f"The api-server took {grown / 2**20:.0f} MB more for it; {MAX_BYTES / 2**20:.0f} are allowed."
    return None


def _bytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {pid} has no {field}")


def _with_children(pid: int) -> list[int]:
    found, pending = [], [pid]
    while pending:
        found.append(pending.pop())
        for tasks in Path(f"/proc/{found[-1]}/task").glob("*/children"):
            try:
                pending += [int(child) for child in tasks.read_text().split()]
            except OSError:
                continue
    return found
