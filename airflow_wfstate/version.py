"""The version of the package, for code that needs nothing else from it."""

from __future__ import annotations

__version__ = "0.2.0.dev0"
