"""The page's bundle. Its data comes from the same routes as those under /wfstate/v1."""

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
    """Get the bundle. It contains no secrets, so no login is needed, as for Airflow's own bundle."""
    path = Path(airflow_wfstate.__file__).parent / "ui" / "dist" / BUNDLE
    if not path.is_file():
        raise NotFound("This installation has no page.", "Install the wheel, which contains the built bundle.")
    # Browsers revalidate it on each visit and get 304 while it is unchanged, so an upgrade shows at once.
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
