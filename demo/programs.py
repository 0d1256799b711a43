"""Programs that Debian's packages bring."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class ProgramMissing(RuntimeError):
    """A program is not installed; the text names its package."""


def find_program(name: str, package: str) -> Path:
    """Where a program is, also where only root's path has it.

    :param package: of Debian, that brings it.
    :raises ProgramMissing: it is nowhere.
    """
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise ProgramMissing(
            f"{name} is not installed. Install it (Debian and Ubuntu: apt-get install {package}), and try again."
        )
    return Path(found)
