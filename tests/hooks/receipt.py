"""A class that Airflow serialises but, unless allowed, does not read back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Receipt:
    """A class of the user's."""

    number: int
