"""The table of problem types, in both directions."""

from __future__ import annotations

import json

import pytest

from airflow_wfstate.api.problems import problem
from airflow_wfstate.backends.problem_types import error_class_of, problem_type_of, problem_types
from airflow_wfstate.exceptions import RecordedError, WorkflowNotFound, WorkflowStateError, error_classes


def test_every_class_of_the_tree_has_one_row() -> None:
    assert sorted(row.error_class.code for row in problem_types()) == sorted(error_classes())
    assert len({row.uri for row in problem_types()}) == len(problem_types())


@pytest.mark.parametrize("error_class", error_classes().values(), ids=lambda error_class: error_class.code)
def test_an_error_comes_back_as_it_was(error_class: type[WorkflowStateError]) -> None:
    made = RecordedError("call") if error_class is RecordedError else error_class("It is wrong.", "Mend it.")
    answer = problem(made)
    body = json.loads(bytes(answer.body))

    found = error_class_of(body["type"])

    assert found is error_class
    assert answer.status_code == body["status"] == problem_type_of(made).status
    assert answer.media_type == "application/problem+json"
    assert (body["reason"], body["remedy"]) == (made.reason, made.remedy)


def test_a_class_that_is_not_of_the_tree_is_told_as_the_one_above() -> None:
    class Special(WorkflowNotFound):
        """Somebody else's own."""

    assert problem_type_of(Special("It is gone.")).error_class is WorkflowNotFound


@pytest.mark.parametrize("uri", ["about:blank", "urn:wfstate:of-tomorrow", "", None, 7])
def test_an_unknown_type_is_the_root(uri: object) -> None:
    assert error_class_of(uri) is WorkflowStateError


def test_text_without_a_utf8_form_does_not_break_the_answer() -> None:
    body = json.loads(bytes(problem(WorkflowNotFound("There is no \ud800.")).body))
    assert body["reason"] == "There is no \\ud800."
