"""A class that Airflow serialises, but does not read back unless it is allowed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Receipt:
    """A user's class."""

    number: int
