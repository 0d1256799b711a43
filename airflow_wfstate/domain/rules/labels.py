"""Labels of a workflow, such as ``region=eu``, to search by in addition to name and key. They must not be secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidName, InvalidRequest

MAX_LABELS: Final = 20
"""The most labels of one workflow, and in one filter."""


def check_labels(labels: Mapping[str, str]) -> None:
    """Check the labels of a workflow.

    :raises InvalidName: there are too many, a name or value is not valid, or a name contains ``=``.
    """
    if len(labels) > MAX_LABELS:
        raise InvalidName(f"There are {len(labels)} labels.", f"At most {MAX_LABELS} are allowed.")
    for name, value in labels.items():
        check_name("label", name)
        check_name(f"value of the label {name!r}", value)
        if "=" in name:
            raise InvalidName(
                f"The label {name!r} contains the character =.", "Remove it, because labels are written as name=value."
            )


def parse_labels(texts: Iterable[str]) -> dict[str, str]:
    """Parse the labels of a filter, each as ``name=value``. Duplicates count once.

    :raises InvalidRequest: one does not have that form, a name has two values, or there are more than 20.
    """
    labels: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise InvalidRequest(f"{text[:80]!r} is not a label.", "Write it as name=value.")
        if labels.setdefault(name, value) != value:
            raise InvalidRequest(
                f"The filter has two values for the label {name[:80]!r}, {labels[name][:80]!r} and {value[:80]!r}; a "
                "workflow has one.",
                "Ask for one of them.",
            )
    check_label_filter(labels)
    return labels


def check_label_filter(labels: Mapping[str, str]) -> None:
    """Check how many labels a filter has.

    :raises InvalidRequest: there are more than a workflow can have.
    """
    if len(labels) > MAX_LABELS:
        raise InvalidRequest(f"The filter has {len(labels)} labels; a workflow has at most {MAX_LABELS}.", "Use fewer.")
