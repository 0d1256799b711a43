"""What the stories ask of an Airflow, whether it is one command or a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from demo.client import AirflowClient


class AirflowDidNotStart(RuntimeError):
    """A part of Airflow ended, or did not become healthy in time; the text has the end of its log."""


class RunningAirflow(Protocol):
    """An Airflow that this program runs: ``airflow standalone``, or a cluster."""

    @property
    def home(self) -> Path:
        """The AIRFLOW_HOME of its servers, where programs beside it keep their files."""
        ...

    @property
    def url(self) -> str:
        """Where its API and its page are, without a slash at the end."""
        ...

    @property
    def log_file(self) -> Path:
        """The file, or the folder of files, that its processes print to."""
        ...

    def start(self) -> None:
        """Start its processes; :meth:`wait_until_healthy` waits for them."""
        ...

    def wait_until_healthy(self, timeout_seconds: float) -> None:
        """Wait until every part says that it is healthy.

        :raises AirflowDidNotStart: a part has ended for good, or the time is over.
        """
        ...

    def start_part(self, *words: str) -> None:
        """Start one more part: ``airflow <words>``."""
        ...

    def start_beside(self, command: Sequence[str], variables: Mapping[str, str], log_file: Path) -> None:
        """Start a program that is no part of Airflow, and ends with it.

        :param variables: its whole environment.
        :param log_file: what it prints is added to it.
        """
        ...

    def password(self, user: str = "admin") -> str:
        """The password of a user."""
        ...

    def client(self) -> AirflowClient:
        """The user ``admin``."""
        ...

    def owns_process(self, pid: int) -> bool:
        """Whether a process is one of this Airflow."""
        ...

    def stop(self) -> None:
        """End every process, and wait until they are gone; nothing happens when none was started."""
        ...
