"""``airflow wfstate definitions apply|diff|lint|list|show``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command, local_command, open_store
from airflow_wfstate.cli.commands.person import actor
from airflow_wfstate.cli.definition_files import DefinitionFile, read_files
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.printing.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_rows,
    print_text,
    short_time,
)
from airflow_wfstate.cli.server import open_server
from airflow_wfstate.definition_file.write import write_definition
from airflow_wfstate.domain.messages.definition import AppliedVersion, ApplyDefinition, DefinitionDetail
from airflow_wfstate.domain.rules.definition import NamedDefinition
from airflow_wfstate.exceptions import DefinitionNotFound, Unavailable, WorkflowStateError


@dataclass(frozen=True)
class _Applied:
    """The result of applying a file.

    :param name: the name that it declares; None if it declares none.
    :param number: the version in force afterwards; None if it was not applied.
    :param outcome: the result in one sentence, or the errors, one per line.
    """

    file: str
    name: str | None
    number: int | None
    changed: bool
    failed: bool
    outcome: str


@command
def apply_definitions(arguments: Namespace, store: StateBackend) -> None:
    """Apply each file separately, and print its result; exit with code 1 if one was not applied."""
    applied = list(_apply_each(read_files(arguments.files), store))
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(applied), arguments.output)
    else:
        done = [one for one in applied if not one.failed]
        if done:
            print_rows([_row(one) for one in done], arguments.output)
        for one in applied:
            if one.failed:
                print_text(one.outcome, is_error=True)
    if any(one.failed for one in applied):
        raise SystemExit(1)


@local_command
def diff_definitions(arguments: Namespace) -> None:
    """Print how files differ from the definitions in force, as a unified diff of the canonical form.

    Exit code 0: no differences; 1: differences; 2: a file is not valid, or the store does not answer.
    """
    try:
        store = open_server(arguments) or open_store()
        files = read_files(arguments.files)
        texts = [_diff(file.path, file.named, store) for file in files if file.named is not None]
    except WorkflowStateError as error:
        print_text(str(error), is_error=True)
        raise SystemExit(2) from None
    for text in texts:
        print_text(text, end="")
    wrong = [line for file in files for line in _problem_lines(file)]
    if wrong:
        print_text("\n".join(wrong), is_error=True)
        raise SystemExit(2)
    if any(texts):
        raise SystemExit(1)


@local_command
def lint_definitions(arguments: Namespace) -> None:
    """Print the errors in files, one per line; exit with code 1 if there are any."""
    files = read_files(arguments.files)
    if arguments.output in PROGRAM_FORMATS:
        found = [{"file": file.path, **vars(problem)} for file in files for problem in file.problems]
        print_for_programs(as_json(found), arguments.output)
    else:
        for file in files:
            for line in _problem_lines(file):
                print_text(line)
    if any(file.problems for file in files):
        raise SystemExit(1)


@command
def list_definitions(arguments: Namespace, store: StateBackend) -> None:
    """Print a page of the definitions in force."""
    page = store.list_definitions(arguments.after, arguments.limit)
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.definitions), arguments.output)
    else:
        print_rows(
            [
                {
                    "name": one.version.name,
                    **_version_row(one.version),
                    "steps": one.planned_steps,
                    "dags": ", ".join(one.dags),
                    "services": ", ".join(one.services),
                }
                for one in page.definitions
            ],
            arguments.output,
        )
    tell_next_page(arguments, page.next_after)


@command
def show_definition(arguments: Namespace, store: StateBackend) -> None:
    """Print a definition as YAML that can be applied again, or list the versions of its name."""
    if arguments.versions:
        _show_versions(arguments, store)
        return
    found = store.get_definition(arguments.name, arguments.number)
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(found), arguments.output)
    else:
        print_text(f"# {_headline(found)}")
        print_text(found.text, end="")


def _show_versions(arguments: Namespace, store: StateBackend) -> None:
    page = store.list_definition_versions(arguments.name, arguments.before, arguments.limit)
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.versions), arguments.output)
    else:
        print_rows([{**_version_row(one), "sha256": one.sha256} for one in page.versions], arguments.output)
    tell_next_page(arguments, page.next_before)


def _apply_each(files: Sequence[DefinitionFile], store: StateBackend) -> Iterator[_Applied]:
    """Apply files, or say why not. If the store does not answer, the remaining files are not tried."""
    is_silent = False
    for file in files:
        if file.named is None:
            yield _not_applied(file, "\n".join(_problem_lines(file)))
        elif is_silent:
            yield _not_applied(file, f"{file.path}: not tried, because the store did not answer.")
        else:
            try:
                done = store.apply_definition(ApplyDefinition(file.named.name, file.text, actor=actor()))
            except WorkflowStateError as error:
                is_silent = isinstance(error, Unavailable)
                yield _not_applied(file, f"{file.path}: {error}")
            else:
                version = done.version
                yield _Applied(
                    file.path, version.name, version.number, done.changed, failed=False, outcome=done.outcome
                )


def _not_applied(file: DefinitionFile, outcome: str) -> _Applied:
    name = None if file.named is None else file.named.name
    return _Applied(file.path, name, None, changed=False, failed=True, outcome=outcome)


def _row(one: _Applied) -> dict[str, object]:
    return {"file": one.file, "name": one.name, "version": one.number, "outcome": one.outcome}


def _diff(path: str, named: NamedDefinition, store: StateBackend) -> str:
    try:
        found = store.get_definition(named.name)
        before, title = found.text, f"{named.name} (version {found.version.number})"
    except DefinitionNotFound:
        before, title = "", f"{named.name} (not applied)"
    after = write_definition(named)
    return "".join(unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), title, path))


def _problem_lines(file: DefinitionFile) -> Sequence[str]:
    return [f"{file.path}:{problem}" for problem in file.problems]


def _headline(found: DefinitionDetail) -> str:
    version = found.version
    told = (
        f"{version.name}, version {version.number}, applied by {version.applied_by}, {short_time(version.applied_at)}"
    )
    return told if version.number == found.number_in_force else f"{told}; version {found.number_in_force} is in force"


def _version_row(version: AppliedVersion) -> dict[str, object]:
    return {
        "version": version.number,
        "applied_at": short_time(version.applied_at),
        "applied_by": version.applied_by,
        "way": version.way,
    }
