"""Finding all the processes of an Airflow, whatever became of their parents, and ending them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psutil


def run_to_its_end(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], timeout_seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a program without input, and return what it printed.

    :param folder: that it works in.
    :param variables: its whole environment.
    :raises subprocess.TimeoutExpired: the time is over.
    """
    return subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


def session_processes(session_id: int) -> list[psutil.Process]:
    """The processes of a session and all that descend from them.

    Airflow gives each task a process group of its own, and a BashOperator's command a session of its own: the group of
    the leader alone would leave them behind.

    :param session_id: the process id of the session's leader, which may have ended.
    """
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session_id:
                found[process.pid] = process
                for child in process.children(recursive=True):
                    found[child.pid] = child
        except (psutil.Error, OSError):
            continue  # it ended meanwhile
    return [process for process in found.values() if _is_alive(process)]


_OURS = ("airflow", "celery", "redis-server", "pgbouncer", "haproxy", "multiprocessing", "demo/services/")


def airflow_processes_in(folder: Path) -> list[psutil.Process]:
    """The processes of an Airflow that was started in a folder, or in one below it, and of services beside it,
    whoever started them.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and any(
                part in word for word in process.cmdline() for part in _OURS
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # it ended meanwhile, or is somebody else's
    return [process for process in found if _is_alive(process)]


def part_processes(processes: Iterable[psutil.Process], name: str) -> list[psutil.Process]:
    """Those of an Airflow's processes that are one of its parts, or descend from it.

    :param name: of the part as a command: ``airflow <name>``; some set their title to ``airflow <name_> ...``.
    """
    titles = (name, name.replace("-", "_"))
    found: dict[int, psutil.Process] = {}
    for process in processes:
        try:
            words = " ".join(process.cmdline()).split()
            if any("airflow" in word for word in words[:3]) and any(title in words[:4] for title in titles):
                found |= {child.pid: child for child in [process, *process.children(recursive=True)]}
        except psutil.NoSuchProcess:
            continue
    return [process for process in found.values() if _is_alive(process)]


def end(find: Callable[[], list[psutil.Process]], patience_seconds: float) -> None:
    """Ask processes to end (SIGTERM), and kill those that remain (SIGKILL), until none is found any more.

    :param find: the processes that there are, asked anew: one that is asked to end may start others.
    :param patience_seconds: how long to wait between the two.
    """
    first = find()
    _send(first, signal.SIGTERM)
    _, remaining = psutil.wait_procs(first, timeout=patience_seconds)
    for _ in range(10):
        remaining = [*find(), *(process for process in remaining if _is_alive(process))]
        if not remaining:
            return
        _send(remaining, signal.SIGKILL)
        _, remaining = psutil.wait_procs(remaining, timeout=2)


def _send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
