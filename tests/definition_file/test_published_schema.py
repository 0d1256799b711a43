"""The published JSON Schema agrees with the model, and with what the reader accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft7Validator

from airflow_wfstate.definition_file.read import check_definition_file
from airflow_wfstate.definition_file.structure import SCHEMA_FILE, definition_schema
from airflow_wfstate.definition_file.write import definition_values
from airflow_wfstate.domain.rules.definition import Definition, NamedDefinition
from airflow_wfstate.domain.rules.plan import MAX_PARTICIPANTS, MAX_PLAN_ENTRIES
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy, DeadlinePolicy, FailurePolicy, SkipPolicy
from airflow_wfstate.domain.rules.services.choreography import EventMeaning
from airflow_wfstate.domain.rules.text.names import MAX_NAME_LENGTH
from airflow_wfstate.redaction.path import MAX_PATH_LENGTH, MAX_PATHS
from tests.conftest import CHECKOUT
from tests.definition_file.test_canonical_form import definitions
from tests.definition_file.test_read import EXAMPLE

SCHEMA = definition_schema()
_TOP: dict[str, Any] = SCHEMA["properties"]


def test_it_is_a_schema_and_takes_the_example() -> None:
    Draft7Validator.check_schema(SCHEMA)
    Draft7Validator(SCHEMA).validate(yaml.safe_load(EXAMPLE))


def test_docs_has_the_file_of_the_wheel() -> None:
    published = CHECKOUT / "docs" / "definition.schema.json"
    assert published.read_text(encoding="utf-8") == Path(SCHEMA_FILE).read_text(encoding="utf-8")


def test_each_field_of_the_model_is_a_field_of_the_file() -> None:
    named = {"deadline_seconds": "deadline", "choreography": None}
    fields = {named.get(name, name) for name in vars(Definition())} - {None}
    assert set(_TOP) == fields | {"name", "key", "starts_on"}


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("on_failure", FailurePolicy),
        ("on_deadline", DeadlinePolicy),
        ("on_compensation_error", CompensationErrorPolicy),
        ("on_skip", SkipPolicy),
    ],
)
def test_policies_have_the_values_and_the_default_of_the_model(field: str, kind: type[FailurePolicy]) -> None:
    assert set(_TOP[field]["enum"]) == {policy.value for policy in kind}
    assert _TOP[field]["default"] == getattr(Definition(), field).value


def test_limits_and_meanings_are_those_of_the_model() -> None:
    kinds = SCHEMA["definitions"]
    assert kinds["event"]["properties"]["is"]["enum"] == [meaning.value for meaning in EventMeaning]
    assert _TOP["plan"]["maxItems"] == MAX_PLAN_ENTRIES
    assert _TOP["participants"]["maxProperties"] == MAX_PARTICIPANTS
    assert (_TOP["redact"]["maxItems"], _TOP["redact"]["items"]["maxLength"]) == (MAX_PATHS, MAX_PATH_LENGTH)
    assert {_TOP["name"]["maxLength"], kinds["name"]["maxLength"]} == {MAX_NAME_LENGTH}


@settings(max_examples=50, deadline=None)
@given(definitions())
def test_what_a_program_writes_as_json_is_valid_too(named: NamedDefinition) -> None:
    values = json.loads(json.dumps(definition_values(named)))
    Draft7Validator(SCHEMA).validate(values)
    assert check_definition_file(json.dumps(values)) == named
