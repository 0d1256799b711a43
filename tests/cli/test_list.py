from __future__ import annotations

import json
import shlex
import signal
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from airflow_wfstate.cli.arguments import parse_choices, parse_since
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import InvalidRequest
from tests.support.airflow_home import Home

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def test_pages_newest_first_and_names_the_command_for_the_next_page(home: Home, invoice_ids: list[str]) -> None:
    first = home.wfstate("list", "--name", "invoice", "--limit", "2", "-o", "json")
    assert [workflow["id"] for workflow in json.loads(first.stdout)] == invoice_ids[:2]

    command = first.stderr.strip().removeprefix("More results: ")
    second = home.airflow(*shlex.split(command)[1:])
    assert [workflow["id"] for workflow in json.loads(second.stdout)] == invoice_ids[2:]
    assert second.stderr == ""


def test_filters_all_have_to_match(home: Home, order_id: str, invoice_ids: list[str]) -> None:
    def ids(*words: str) -> list[str]:
        answer = home.wfstate("list", *words, "-o", "json")
        assert answer.returncode == 0, answer.stderr
        return [workflow["id"] for workflow in json.loads(answer.stdout)]

    assert ids("--dag-id", "order_intake") == [order_id]
    assert ids("--key", "3 'x'", "--since", "1h", "--state", "failed,running") == invoice_ids[:1]
    assert ids("--name", "invoice", "--state", "failed", "--state", "cancelled") == []


def test_json_holds_the_summary_with_numbers_times_and_nothing_as_such(home: Home, order_id: str) -> None:
    (workflow,) = json.loads(home.wfstate("list", "--name", "order", "-o", "json").stdout)
    assert workflow["id"] == order_id
    assert (workflow["key"], workflow["state"], workflow["generation"]) == ("007", "running", 1)
    assert (workflow["steps_done"], workflow["steps_total"], workflow["current_step"]) == (1, 4, "charge_card")
    assert (workflow["ended_at"], workflow["hold_reason"]) == (None, None)
    assert datetime.fromisoformat(workflow["started_at"]).utcoffset() == timedelta(0)


def test_yaml_says_the_same_as_json(home: Home, order_id: str) -> None:
    as_json = json.loads(home.wfstate("list", "--name", "order", "-o", "json").stdout)
    assert yaml.safe_load(home.wfstate("list", "--name", "order", "-o", "yaml").stdout) == as_json


@pytest.mark.parametrize("words", [("--wide",), ("-o", "plain")])
def test_people_see_the_key_as_it_is(home: Home, order_id: str, words: tuple[str, ...]) -> None:
    lines = home.wfstate("list", "--name", "order", *words).stdout.splitlines()
    (line,) = [line for line in lines if order_id in line]
    assert {"order", "007", "running", "1/4", "charge_card"} <= set(line.split())


def test_nothing_found(home: Home, order_id: str) -> None:
    assert home.wfstate("list", "--name", "nobody").stdout == "No data found\n"
    assert home.wfstate("list", "--name", "nobody", "-o", "json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--state", "broken"), "'broken' is not a state of a workflow. The states are running, succeeded,"),
        (("--since", "yesterday"), "'yesterday' is not a time. Write it as"),
        (("--limit", "0"), "A page cannot hold 0 entries."),
        (("--cursor", "nonsense"), "The cursor was not issued by this server."),
    ],
)
def test_bad_input_ends_with_a_sentence(home: Home, words: tuple[str, ...], reason: str) -> None:
    answer = home.wfstate("list", *words)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(reason)


def test_an_unmigrated_database_names_the_remedy(empty_home: Home) -> None:
    answer = empty_home.airflow("wfstate", "list")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "airflow db migrate" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("2h", NOW - timedelta(hours=2)),
        ("1d", NOW - timedelta(days=1)),
        ("4w", NOW - timedelta(weeks=4)),
        ("2026-02-01", datetime(2026, 2, 1, tzinfo=timezone.utc)),
        ("2026-02-01T10:00:00Z", datetime(2026, 2, 1, 10, tzinfo=timezone.utc)),
        ("2026-02-01T10:00:00+02:00", datetime(2026, 2, 1, 8, tzinfo=timezone.utc)),
    ],
)
def test_since(text: str, expected: datetime) -> None:
    assert parse_since(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "2", "-2h", "2 h", "1.5h", "99999999999999w", "2026-13-01"])
def test_since_that_is_no_time(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a time"):
        parse_since(text, NOW)


def test_states_by_comma_and_by_repetition() -> None:
    expected = [WorkflowState.FAILED, WorkflowState.RUNNING, WorkflowState.CANCELLED]
    assert parse_choices(WorkflowState, ["failed, running", "cancelled"]) == expected


@pytest.mark.parametrize("output", ["table", "plain", "json"])
def test_a_reader_that_ends_early_ends_the_command_as_it_ends_cat(home: Home, order_id: str, output: str) -> None:
    """What happens with ``airflow wfstate show | head -n 1`` when there is more output."""
    command = home.start("wfstate", "show", order_id, "-o", output)
    assert command.stdout is not None
    assert command.stderr is not None
    command.stdout.close()

    assert (command.wait(timeout=60), command.stderr.read()) == (-signal.SIGPIPE, "")
    command.stderr.close()
