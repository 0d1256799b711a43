"""The path of a workflow's page, from the api-server's root."""

from __future__ import annotations

from urllib.parse import urlencode


def page_path(workflow_id: str) -> str:
    """The path and query of a workflow's page."""
    return f"/plugin/wfstate?{urlencode({'workflow': workflow_id})}"
