"""The path of a request as our routes know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mounted_path(scope: Mapping[str, Any]) -> str:
    """The path below /wfstate, where Airflow mounts the app: ``/v1/...`` or ``/ui/...``.

    :param scope: of the request, as the ASGI specification describes it.
    """
    return str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
