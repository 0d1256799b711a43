"""Filters that search anywhere in a text, and how long they must be for an index to help."""

from __future__ import annotations

from typing import Final

from airflow_wfstate.exceptions import InvalidRequest

MIN_TEXT: Final = 3
"""The fewest characters; a trigram index cannot find shorter texts."""

MAX_TEXT: Final = 200


def check_text_filter(name: str, text: str) -> None:
    """Check a text to search for anywhere in another text.

    :param name: name of the filter.
    :raises InvalidRequest: it is shorter than :data:`MIN_TEXT`, or longer than :data:`MAX_TEXT`.
    """
    if len(text) < MIN_TEXT:
        raise InvalidRequest(
            f"The filter {name} has {len(text)} of the {MIN_TEXT} characters that a search needs.",
            f"Give {MIN_TEXT} to {MAX_TEXT} characters.",
        )
    if len(text) > MAX_TEXT:
        raise InvalidRequest(
            f"The filter {name} has {len(text)} characters.", f"Give {MIN_TEXT} to {MAX_TEXT} characters."
        )
