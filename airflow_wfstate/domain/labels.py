"""Labels of a workflow: what people search by besides name and key, such as ``region=eu``. Not for secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from airflow_wfstate.domain.names import check_name
from airflow_wfstate.exceptions import InvalidName, InvalidRequest

MAX_LABELS: Final = 20
"""Of one workflow."""


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


def parse_label(text: str) -> tuple[str, str]:
    """Name and value of ``name=value``.

    :raises InvalidRequest: it is not of that form.
    """
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise InvalidRequest(f"{text[:80]!r} is no label.", "Write it as name=value.")
    return name, value
