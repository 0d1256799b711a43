"""The printed command for the next page: the given options, with a later position."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from airflow_wfstate.cli.definition import ARG_AFTER, ARG_CURSOR, WFSTATE_COMMANDS
from airflow_wfstate.cli.filters import filter_arguments
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.domain.messages.reading.journal import JournalFilter
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery

_PAGED = [one for one in WFSTATE_COMMANDS if ARG_CURSOR in one.args or ARG_AFTER in one.args]

_GIVEN = {
    "list": "--name n --key k --key-prefix -p --search 's s' --contains 'a b' --error 'no money' "
    "--state failed --state running,cancelled --dag-id d "
    "--run-id r --correlation-id c --label region=eu --label tier=1 --step-state lost --since 24h --until 1h "
    "--updated-since 23h --updated-until 1h --stuck "
    "--sort=-key --total --limit 7 --wide -o json -v",
    "stuck": "--name n --dag-id d --limit 7 -o plain",
    "journal": "order/007 --kind step.failed --kind run.linked,step.began --step pay --limit 7 -o yaml",
}


def _parse(name: str, words: list[str]) -> argparse.Namespace:
    """Parse them as ``airflow wfstate`` does."""
    parser = argparse.ArgumentParser()
    for argument in next(one for one in WFSTATE_COMMANDS if one.name == name).args:
        argument.add_to_parser(parser)
    return argparse.Namespace(**vars(parser.parse_args(words)), subcommand=name)


def _next(arguments: argparse.Namespace, position: str | int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    tell_next_page(arguments, position)
    shown = capsys.readouterr()
    assert shown.out == ""
    program, group, name, *words = shlex.split(shown.err.strip().removeprefix("More results: "))
    assert (program, group, name) == ("airflow", "wfstate", arguments.subcommand)
    return words


@pytest.mark.parametrize("name", [one.name for one in _PAGED])
def test_every_option_that_was_given_is_kept(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(_GIVEN[name].replace("--key-prefix -p", "--key-prefix=-p"))
    given = _parse(name, words)
    assert len({word for word in words if word.startswith("-")}) >= 2

    if (filtered := {"list": WorkflowQuery, "journal": JournalFilter}.get(name)) is not None:
        assert {option.flags[0] for option in filter_arguments(filtered).values()} <= set(
            re.split("[ =]", _GIVEN[name])
        )

    again = _parse(name, _next(given, 17, capsys))

    position = "after" if name == "journal" else "cursor"
    assert str(vars(again)[position]) == "17"
    assert vars(again) == {**vars(given), position: vars(again)[position]}


def test_what_was_not_given_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert _next(_parse("list", ["--cursor", "old"]), "new", capsys) == ["--cursor", "new"]
    assert _next(_parse("journal", ["order/007", "--after", "3"]), 9, capsys) == ["order/007", "--after", "9"]


def test_the_last_page_names_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    tell_next_page(_parse("list", []), None)

    assert capsys.readouterr().err == ""
