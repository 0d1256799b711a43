"""What the stories need from an Airflow, whether it is one command or a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from demo.client import AirflowClient


class AirflowDidNotStart(RuntimeError):
    """A component of Airflow ended or did not become healthy in time; the message holds the end of its log."""


class RunningAirflow(Protocol):
    """An Airflow that this program runs: ``airflow standalone``, or a cluster."""

    @property
    def home(self) -> Path:
        """The AIRFLOW_HOME of its servers, where companion programs keep their files."""
        ...

    @property
    def url(self) -> str:
        """The URL of its API and page, without a trailing slash."""
        ...

    @property
    def log_file(self) -> Path:
        """The log file of its processes, or the folder that holds their log files."""
        ...

    def start(self) -> None:
        """Start its processes; :meth:`wait_until_healthy` waits for them."""
        ...

    def wait_until_healthy(self, timeout_seconds: float) -> None:
        """Wait until every component reports that it is healthy.

        :raises AirflowDidNotStart: a component has ended permanently, or the timeout has passed.
        """
        ...

    def unhealthy_parts(self) -> list[str]:
        """The components that do not respond, or that Airflow's own health report calls unhealthy."""
        ...

    def start_part(self, *words: str) -> None:
        """Start one more component: ``airflow <words>``."""
        ...

    def start_beside(self, command: Sequence[str], variables: Mapping[str, str], log_file: Path) -> None:
        """Start a companion program that is not part of Airflow but ends with it.

        :param variables: its whole environment.
        :param log_file: its output is appended here.
        """
        ...

    def password(self, user: str = "admin") -> str:
        """The password of a user."""
        ...

    def client(self) -> AirflowClient:
        """The user ``admin``."""
        ...

    def owns_process(self, pid: int) -> bool:
        """Whether a process belongs to this Airflow."""
        ...

    def stop(self) -> None:
        """End every process and wait until all are gone; does nothing when none was started."""
        ...
