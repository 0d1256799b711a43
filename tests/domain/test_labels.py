"""Labels as a list asks for them."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.labels import MAX_LABELS, parse_labels
from airflow_wfstate.exceptions import InvalidRequest


def test_each_label_is_name_and_value() -> None:
    assert parse_labels(["region=eu", "tier=a=b", "region=eu"]) == {"region": "eu", "tier": "a=b"}


def test_two_values_for_one_label_are_refused_with_both() -> None:
    with pytest.raises(InvalidRequest, match="two values for the label 'region', 'eu' and 'us'"):
        parse_labels(["region=eu", "region=us"])


@pytest.mark.parametrize("text", ["region", "=eu", "region=", ""])
def test_what_is_not_a_label_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="Write it as name=value"):
        parse_labels([text])


def test_more_labels_than_a_workflow_can_have_are_refused() -> None:
    texts = [f"l{number}=x" for number in range(MAX_LABELS + 1)]

    assert len(parse_labels(texts[:-1])) == MAX_LABELS
    with pytest.raises(InvalidRequest, match="21 labels; a workflow has at most 20"):
        parse_labels(texts)
