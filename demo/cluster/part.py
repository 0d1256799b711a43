"""How one process of a cluster, with its descendants, is started."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """How a component is started and restarted.

    :param name: used to kill it, and as the name of its log.
    :param variables: its whole environment.
    :param folder: its working folder; created when it is missing.
    :param log_file: its output is appended here.
    """

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str]
    folder: Path
    log_file: Path

    def start(self) -> subprocess.Popen[bytes]:
        """Start it in its own session."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log_end(self, lines: int = 30) -> str:
        """The last lines of its output."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
