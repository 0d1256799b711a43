"""Find all processes of an Airflow, even those whose parents are gone, and end them."""

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

    :param folder: its working folder.
    :param variables: its whole environment.
    :raises subprocess.TimeoutExpired: it did not end in time.
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
    """The processes of a session and all their descendants.

    Airflow gives each task its own process group, and each BashOperator command its own session, so the leader's group
    alone would miss them.

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
            continue  # it has ended
    return [process for process in found.values() if _is_alive(process)]


_OURS = ("airflow", "celery", "redis-server", "pgbouncer", "haproxy", "multiprocessing", "demo/services/")


def airflow_processes_in(folder: Path) -> list[psutil.Process]:
    """The processes of an Airflow that was started in a folder or below it, and of the services started with it.

    It does not matter which process started them.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and any(
                part in word for word in process.cmdline() for part in _OURS
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # it has ended, or belongs to someone else
    return [process for process in found if _is_alive(process)]


def part_processes(processes: Iterable[psutil.Process], name: str) -> list[psutil.Process]:
    """The processes of one of Airflow's components, with their descendants.

    :param name: the component as a command: ``airflow <name>``; some set their title to ``airflow <name_> ...``.
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
    """Ask processes to end (SIGTERM), then kill those that remain (SIGKILL), until none is left.

    :param find: returns the current processes; called again because a process that is ending may start others.
    :param patience_seconds: how long to wait between the two signals.
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
