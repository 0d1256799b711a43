"""Keeps the components of a cluster running: it restarts those that end, as systemd or Kubernetes would."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable

import psutil

from demo.cluster.part import Part
from demo.processes import end, session_processes

_LOOKS_EVERY_SECONDS = 0.2
_RESTARTS_AFTER_SECONDS = 1.0


class Supervisor:
    """Starts components, restarts them when they end, and finally ends them all.

    :param others: finds the components' processes even when their parents are gone; used when everything ends.
    """

    def __init__(self, others: Callable[[], list[psutil.Process]]) -> None:
        self._others = others
        self._parts: dict[str, Part] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._printed_before: dict[str, int] = {}
        self._sessions: set[int] = set()
        self._due: dict[str, float] = {}
        self._restarts: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._keep_running, name="supervisor", daemon=True)

    @property
    def restarts(self) -> Counter[str]:
        """How often each component has been restarted."""
        with self._lock:
            return Counter(self._restarts)

    def start(self, part: Part) -> None:
        """Start a component, and keep it running."""
        with self._lock:
            self._parts[part.name] = part
            self._begin(part)
        if not self._watch.is_alive() and not self._ending.is_set():
            self._watch.start()

    def part(self, name: str) -> Part:
        """How a component is started."""
        return self._parts[name]

    def printed(self, name: str) -> str:
        """What a component has printed since its last start."""
        with self._lock:
            part, before = self._parts[name], self._printed_before[name]
        with part.log_file.open("rb") as log:
            log.seek(before)
            return log.read().decode(errors="replace")

    def kill(self, name: str) -> None:
        """Kill a component with all its processes (SIGKILL); it is restarted after a second."""
        with self._lock:
            process = self._processes[name]
        for member in session_processes(process.pid):
            _kill(member)
        process.wait(10)

    def replace(self, part: Part, patience_seconds: float) -> None:
        """Stop a component with SIGTERM, and start it in another way.

        :param part: how to start it from now on; it has the same name.
        :param patience_seconds: how long it may take to finish its work before it is killed.
        """
        with self._lock:
            process = self._processes.pop(part.name)  # so that the watcher ignores its end
            self._parts[part.name] = part
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)
        for member in session_processes(process.pid):
            _kill(member)
        process.wait(10)
        with self._lock:
            self._sessions.discard(process.pid)
            self._begin(part)

    def is_running(self, name: str) -> bool:
        """Whether a component's process is running."""
        with self._lock:
            return name in self._processes and self._processes[name].poll() is None

    def processes_of(self, name: str) -> list[psutil.Process]:
        """The processes of one component, with their descendants."""
        with self._lock:
            process = self._processes[name]
        return session_processes(process.pid)

    def processes(self) -> list[psutil.Process]:
        """All processes of all components, with their descendants."""
        with self._lock:
            sessions = set(self._sessions)
        found = {process.pid: process for session in sessions for process in session_processes(session)}
        return list(found.values())

    def stop(self, patience_seconds: float = 10) -> None:
        """End every component, and wait until its processes are gone."""
        self._ending.set()
        if self._watch.is_alive():
            self._watch.join()
        end(lambda: [*self.processes(), *self._others()], patience_seconds)
        for process in self._processes.values():
            process.wait(10)

    def _begin(self, part: Part) -> None:
        self._printed_before[part.name] = part.log_file.stat().st_size if part.log_file.exists() else 0
        process = part.start()
        self._processes[part.name] = process
        self._sessions.add(process.pid)

    def _keep_running(self) -> None:
        while not self._ending.wait(_LOOKS_EVERY_SECONDS):
            with self._lock:
                ended = [name for name, process in self._processes.items() if process.poll() is not None]
            for name in ended:
                self._start_again_when_due(name)

    def _start_again_when_due(self, name: str) -> None:
        due = self._due.setdefault(name, time.monotonic() + _RESTARTS_AFTER_SECONDS)
        if time.monotonic() < due:
            return
        session = self._processes[name].pid
        for process in session_processes(session):
            _kill(process)  # anything a component leaves behind ends with it, as in a container
        with self._lock:
            del self._due[name]
            self._sessions.discard(session)
            self._restarts[name] += 1
            self._begin(self._parts[name])


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
