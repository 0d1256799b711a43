"""The outside world: a file for each workflow's key, with a line for each effect, so that a double is visible."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

FOLDER = Path(os.environ.get("WFSTATE_OUTSIDE", "/nowhere"))


def effect(key, what, **details):
    """Do something that cannot undo itself."""
    line = json.dumps({"what": what, **details}) + "\n"
    with FOLDER.joinpath(f"{key}.effects").open("a") as effects:
        effects.write(line)


def is_allowed(key, what):
    """Whether the test has allowed something."""
    return FOLDER.joinpath(f"{key}.{what}").exists()


def hang(key, what):
    """Run, with a sign of it, until the test allows the end."""
    FOLDER.joinpath(f"{key}.{what}.begun").touch()
    deadline = time.monotonic() + 900
    while not is_allowed(key, what):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)
