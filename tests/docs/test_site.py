"""The site is built without a warning: no broken link, no page outside the navigation, no name that autodoc lacks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Sphinx is installed on Python 3.11 and later")
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(CHECKOUT / "docs"), str(tmp_path / "site")],
        env={name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    states = (tmp_path / "site" / "reference" / "states.html").read_text(encoding="utf-8")
    assert states.count('<svg class="state-diagram"') == 3
    pages = [page.read_text(encoding="utf-8") for page in (tmp_path / "site").rglob("*.html")]
    assert not [page for page in pages if '<script src="http' in page or '<link href="http' in page], "works offline"
    workers = (tmp_path / "site" / "reference" / "workers.html").read_text(encoding="utf-8")
    linked = re.findall(r'glossary\.html#term-([\w-]+)"', workers)
    assert "workflow" in linked
    assert len(linked) == len(set(linked)), "the first use of a word is linked, not the others"
