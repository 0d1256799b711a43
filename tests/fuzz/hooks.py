"""What Schemathesis leaves out, because it never reaches our app."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import schemathesis


@schemathesis.hook
def filter_path_parameters(context: schemathesis.HookContext, path_parameters: dict[str, Any] | None) -> bool:
    """Whether the path reaches us: Starlette's ``Mount`` matches no line break (its ``path`` is ``.*``).

    Airflow itself then answers 404, in its own form.
    """
    # Schemathesis may have quoted it already.
    return not any("\n" in unquote(str(value)) for value in (path_parameters or {}).values())
