"""A pytest plugin that makes the tests use an Airflow of another installation than the one that runs them.

It is loaded into test suites that may be older than this file, so all it knows of them is how they start Airflow:
``sys.executable -m airflow``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Final

SERVER: Final = "WFSTATE_COMPAT_SERVER"
"""The Python of the installation whose api-server answers."""

OLDER: Final = "WFSTATE_COMPAT_OLDER"
"""The Python of the installation that creates a database."""

NEWER: Final = "WFSTATE_COMPAT_NEWER"
"""The Python of the installation that then migrates it."""


class _Popen(subprocess.Popen):  # type: ignore[type-arg]  # subscripted it is no class to derive from
    def __init__(self, args: Any, *rest: Any, **options: Any) -> None:
        if isinstance(args, list) and args[:3] == [sys.executable, "-m", "airflow"]:
            if args[3] == "api-server":
                args = [os.environ[SERVER], *args[1:]]
            if args[3:5] == ["db", "migrate"]:
                _migrate_by_the_older(args, options)
                args = [os.environ[NEWER], *args[1:]]
        super().__init__(args, *rest, **options)


def _migrate_by_the_older(arguments: list[str], options: dict[str, Any]) -> None:
    where = {name: options[name] for name in ("cwd", "env") if name in options}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with _ORIGINAL([os.environ[OLDER], *arguments[1:]], **where, **quiet) as migration:
        if migration.wait() != 0:
            raise RuntimeError("The older version could not migrate the database.")


_ORIGINAL: Final = subprocess.Popen


subprocess.Popen = _Popen  # type: ignore[misc]  # a name of a class is not to be given another
