from __future__ import annotations

import json
import shlex

from tests.support.airflow_home import Home


def test_entries_in_order(home: Home, order_id: str) -> None:
    entries = json.loads(home.wfstate("journal", order_id, "-o", "json").stdout)
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["kind"] for entry in entries if entry["step"] == "order_intake.charge_card"] == [
        "step.began",
        "step.failed",
        "step.began",
    ]
    assert entries[0]["kind"] == "workflow.started"
    assert "007" not in json.dumps(entries[0]["data"].get("input")), "the journal holds no payloads"


def test_pages_and_names_the_command_for_the_next_page(home: Home, order_id: str) -> None:
    first = home.wfstate("journal", order_id, "--limit", "2", "-o", "json")
    assert [entry["number"] for entry in json.loads(first.stdout)] == [1, 2]
    command = first.stderr.strip().removeprefix("There are more: ")
    second = home.airflow(*shlex.split(command)[1:])
    assert [entry["number"] for entry in json.loads(second.stdout)] == [3, 4]


def test_plain_is_one_line_an_entry(home: Home, order_id: str) -> None:
    entries = json.loads(home.wfstate("journal", order_id, "-o", "json").stdout)
    lines = home.wfstate("journal", order_id, "-o", "plain").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["number", *(str(entry["number"]) for entry in entries)]


def test_a_table_has_a_sentence_an_entry(home: Home, order_id: str) -> None:
    table = " ".join(home.wfstate("journal", order_id).stdout.split())
    assert "The workflow started." in table
    assert "order_intake.charge_card began" in table
    assert "workflow.started" not in table


def test_a_limit_out_of_range(home: Home, order_id: str) -> None:
    answer = home.wfstate("journal", order_id, "--limit", "1001")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("A page cannot hold 1001 entries.")
