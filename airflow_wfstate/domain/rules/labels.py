"""Labels of a workflow: what people search by besides name and key, such as ``region=eu``. Not for secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidName, InvalidRequest

MAX_LABELS: Final = 20
"""Of one workflow, and of those that a list may ask for."""


def check_labels(labels: Mapping[str, str]) -> None:
    """Check the labels of a workflow.

    :raises InvalidName: there are too many; or a name or value breaks the rule of names, or a name holds ``=``.
    """
    if len(labels) > MAX_LABELS:
        raise InvalidName(f"There are {len(labels)} labels.", f"At most {MAX_LABELS} are allowed.")
    for name, value in labels.items():
        check_name("label", name)
        check_name(f"value of the label {name!r}", value)
        if "=" in name:
            raise InvalidName(
                f"The label {name!r} holds the character =.", "Leave it out: name=value is how it is asked for."
            )


def parse_labels(texts: Iterable[str]) -> dict[str, str]:
    """The labels that a list asks for, each as ``name=value``; the same one twice counts once.

    :raises InvalidRequest: one is not of that form, a name is given two values, or there are more than 20.
    """
    labels: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise InvalidRequest(f"{text[:80]!r} is not a label.", "Write it as name=value.")
        if labels.setdefault(name, value) != value:
            raise InvalidRequest(
                f"The label {name[:80]!r} is asked for with two values, {labels[name][:80]!r} and {value[:80]!r}; a "
                "workflow has one.",
                "Ask for one of them.",
            )
    check_label_filter(labels)
    return labels


def check_label_filter(labels: Mapping[str, str]) -> None:
    """Check how many labels a list asks for.

    :raises InvalidRequest: there are more than a workflow can have.
    """
    if len(labels) > MAX_LABELS:
        raise InvalidRequest(
            f"A list is asked for with {len(labels)} labels; a workflow has at most {MAX_LABELS}.", "Ask for fewer."
        )
