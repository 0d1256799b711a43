"""Read the definition files that a command names."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airflow_wfstate.definition_file.document import MAX_CHARACTERS
from airflow_wfstate.definition_file.problem import Problem
from airflow_wfstate.definition_file.read import check_definition_file
from airflow_wfstate.domain.rules.definition import NamedDefinition
from airflow_wfstate.exceptions import InvalidRequest

STDIN: Final = "-"
_ENDINGS: Final = (".yaml", ".yml")


@dataclass(frozen=True)
class DefinitionFile:
    """A definition file.

    :param path: the path as the user gave it.
    :param text: its content; empty if it cannot be read.
    :param named: what it declares; None if something is wrong.
    :param problems: everything that is wrong.
    """

    path: str
    text: str
    named: NamedDefinition | None
    problems: Sequence[Problem]


def read_files(names: Sequence[str]) -> list[DefinitionFile]:
    """Read files, each once. The files of a folder are read in the order of their paths.

    If two files declare the same name, the second one has a problem.

    :raises InvalidRequest: a file or folder does not exist, or a folder has no definition file.
    """
    files: list[DefinitionFile] = []
    declared: dict[str, str] = {}
    for path in dict.fromkeys(path for name in names for path in _paths(name)):
        file = _read(path)
        if file.named is not None:
            first = declared.setdefault(file.named.name, file.path)
            if first != file.path:
                reason = f"{first} already declares the workflow {file.named.name!r}."
                file = DefinitionFile(file.path, file.text, None, [Problem(1, 1, "name", reason, "Keep one of them.")])
        files.append(file)
    return files


def _paths(name: str) -> Iterator[str]:
    if name == STDIN:
        yield name
        return
    path = Path(name)
    if not path.is_dir():
        if not path.exists():
            raise InvalidRequest(f"There is no file {name}.", "Name a definition file or a folder of them.")
        yield name
        return
    below = sorted(
        found
        for found in path.rglob("*")
        if found.suffix in _ENDINGS and found.is_file() and not _is_hidden(found.relative_to(path))
    )
    if not below:
        raise InvalidRequest(
            f"The folder {name} has no definition file.", f"Their names end in {' or '.join(_ENDINGS)}."
        )
    yield from (str(found) for found in below)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _read(path: str) -> DefinitionFile:
    try:
        # A byte order mark counts, and no character takes more than four bytes.
        source = sys.stdin.buffer if path == STDIN else Path(path).open("rb")  # noqa: SIM115 - closed below
        with source:
            data = source.read(4 * MAX_CHARACTERS + 4)
    except OSError as error:
        return _unreadable(path, Problem(1, 1, "", f"The file cannot be read: {error.strerror}.", ""))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        return _unreadable(path, Problem(line, column, "", "The file is not UTF-8.", "Save it in that encoding."))
    checked = check_definition_file(text)
    if isinstance(checked, NamedDefinition):
        return DefinitionFile(path, text, checked, ())
    return DefinitionFile(path, text, None, checked)


def _unreadable(path: str, problem: Problem) -> DefinitionFile:
    return DefinitionFile(path, "", None, [problem])
