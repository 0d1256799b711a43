"""The page's bundle. Its data comes from the same routes as under /wfstate/v1."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse

import airflow_wfstate
from airflow_wfstate.exceptions import NotFound

BUNDLE: Final = "main.umd.cjs"

reads = APIRouter()


@reads.get(f"/static/{BUNDLE}", include_in_schema=False)
def get_bundle() -> FileResponse:
    """The bundle; nothing secret is in it, so that nobody need be logged in, as for Airflow's own."""
    path = Path(airflow_wfstate.__file__).parent / "ui" / "dist" / BUNDLE
    if not path.is_file():
        raise NotFound("This installation has no page.", "Install the wheel, which holds the built bundle.")
    # Asked for again at each visit, and answered with 304 while it is the same: an upgrade shows at once.
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
