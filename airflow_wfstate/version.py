"""The version of the package; what needs nothing else of it imports this module."""

from __future__ import annotations

__version__ = "0.2.0.dev0"
