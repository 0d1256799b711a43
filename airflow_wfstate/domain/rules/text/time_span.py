"""Times in sentences."""

from __future__ import annotations

from airflow_wfstate.domain.rules.text.counted import counted


def time_span(seconds: int) -> str:
    """``1 hour``, ``1 day 12 hours``: a time in its largest units; ``0 seconds`` for none."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((days, "day"), (hours, "hour"), (minutes, "minute"), (rest, "second"))
    return " ".join(counted(number, unit) for number, unit in parts if number) or "0 seconds"
