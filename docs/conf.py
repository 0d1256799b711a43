"""How Sphinx builds docs/ into a site: ``make docs``."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

_FOLDER = Path(__file__).parent
sys.path.insert(0, str(_FOLDER / "_ext"))

# autodoc imports Airflow, which writes its configuration into its home.
_HOME = tempfile.mkdtemp(prefix="wfstate-docs-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ["AIRFLOW_HOME"] = _HOME

from airflow_wfstate.version import __version__  # noqa: E402

project = "airflow_wfstate"
copyright = "the authors of airflow_wfstate, Apache License 2.0"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "state_diagram", "repository_links", "glossary_links"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["_build", "_ext"]

myst_enable_extensions = ["deflist", "fieldlist"]
# A mermaid block is a diagram on the code host, and one here: _ext/state_diagram.py draws it, without a script.
myst_fence_as_directive = {"mermaid"}
# The anchors that the code host gives to headings.
myst_heading_anchors = 4

# Links between pages and to public names must lead somewhere. Airflow's names and the internal ones have no page here.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!airflow_wfstate\.(exceptions|testing)\.).*")]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = f"airflow_wfstate {release}"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}
