"""A pytest plugin that lets the Airflow of the tests be another installation than the one that runs the tests.

It is loaded into suites that may be older than this file, so it knows nothing of them but how they start Airflow:
``sys.executable -m airflow``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Final

SERVER: Final = "WFSTATE_COMPAT_SERVER"
"""The Python of the installation whose api-server answers; that of the tests where it is not set."""

MIGRATION: Final = "WFSTATE_COMPAT_MIGRATION"
"""The Python of the installation that migrates the databases; that of the tests where it is not set."""

_PYTHONS: Final = {"api-server": SERVER, "db": MIGRATION}


def _redirected(arguments: Any) -> Any:
    if not isinstance(arguments, list) or arguments[:3] != [sys.executable, "-m", "airflow"]:
        return arguments
    python = os.environ.get(_PYTHONS.get(arguments[3], ""), sys.executable)
    return [python, *arguments[1:]]


class _Popen(subprocess.Popen):  # type: ignore[type-arg]  # subscripted it is no class to derive from
    def __init__(self, args: Any, *rest: Any, **options: Any) -> None:
        super().__init__(_redirected(args), *rest, **options)


subprocess.Popen = _Popen  # type: ignore[misc]
