"""The path of a request, relative to where the app is mounted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mounted_path(scope: Mapping[str, Any]) -> str:
    """The path below /wfstate, where Airflow mounts the app: ``/v1/...`` or ``/ui/...``.

    :param scope: the ASGI scope of the request.
    """
    return str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
