"""The example in docs/reference/definitions.md is a definition, and its errors read as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_wfstate.definition_file.read import check_definition_file, read_definition_file
from tests.conftest import CHECKOUT

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "definitions.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]


def test_the_example_is_a_definition() -> None:
    named = read_definition_file(EXAMPLE)
    assert named.definition.plan == ["payments.capture", "order_fulfilment.pack"]
    assert named.definition.participants == ["order_fulfilment"]


@pytest.mark.parametrize("path", sorted((CHECKOUT / "dags" / "definitions").iterdir()), ids=lambda path: path.stem)
def test_a_shipped_definition_names_steps_that_its_services_and_dags_have(path: Path) -> None:
    named = read_definition_file(path.read_text(encoding="utf-8"))
    assert named.name == path.stem
    choreography = named.definition.choreography
    assert choreography is not None
    told = {f"{service.name}.{event.step}" for service in choreography.services for event in service.events.values()}
    assert {entry for entry in named.definition.plan if not entry.startswith(f"{path.stem}.")} == told


def test_an_error_is_told_as_the_page_says() -> None:
    told = re.findall(r"    order\.yaml:\d+:(\d+: on_failure: .*)", PAGE)
    found = check_definition_file(EXAMPLE.replace("on_failure: compensate", "on_failure: compensat"))
    assert isinstance(found, list)
    assert [str(problem).partition(":")[2] for problem in found] == told
