"""Programs that Debian packages install."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class ProgramMissing(RuntimeError):
    """A program is not installed; the message names its package."""


def find_program(name: str, package: str) -> Path:
    """Return the path of a program, searching root's path too.

    :param package: the Debian package that installs it.
    :raises ProgramMissing: it was not found.
    """
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise ProgramMissing(
            f"{name} is not installed. Install it (on Debian and Ubuntu: apt-get install {package}) and try again."
        )
    return Path(found)
