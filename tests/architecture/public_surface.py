"""What others rely on: names to import, addresses, fields, commands and their options, tables, config options.

``python -m tests.architecture.public_surface`` writes it to ``public_surface.json``, a sorted list. What is removed or
renamed there breaks somebody's DAG, script or query.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airflow.cli.cli_config import GroupCommand

import airflow_wfstate
from airflow_wfstate import testing
from airflow_wfstate.cli.definition import get_wfstate_cli_commands
from airflow_wfstate.conf import OPTIONS
from airflow_wfstate.provider_info import get_provider_info
from airflow_wfstate.store.db_manager import WorkflowStateDBManager

STORED = Path(__file__).with_name("public_surface.json")
_OPENAPI = Path(__file__).parents[2] / "docs" / "openapi.json"


def public_surface() -> list[str]:
    """An entry for each thing, as ``kind name``."""
    return sorted({*_names(), *_provider(), *_addresses(), *_commands(), *_tables(), *_config()})


def _names() -> Iterator[str]:
    for name in airflow_wfstate.__all__:
        yield f"import {name}"
        item = getattr(airflow_wfstate, name)
        if callable(item):
            for parameter in inspect.signature(item).parameters:
                yield f"argument {name}({parameter})"
    for name in testing.__all__:
        yield f"import testing.{name}"
        yield from (f"argument testing.{name}({one})" for one in inspect.signature(getattr(testing, name)).parameters)


def _provider() -> Iterator[str]:
    info: dict[str, Any] = get_provider_info()
    for part in ("operators", "hooks", "triggers"):
        yield from (f"module {module}" for entry in info[part] for module in entry["python-modules"])
    yield from (f"decorator @task.{entry['name']}" for entry in info["task-decorators"])
    yield from (f"extension {path}" for part in ("extra-links", "db-managers") for path in info[part])
    for kind in info["connection-types"]:
        yield f"connection type {kind['connection-type']}"
        yield from (f"connection field {kind['connection-type']}.{field}" for field in kind["conn-fields"])


def _addresses() -> Iterator[str]:
    described = json.loads(_OPENAPI.read_text())
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"address {method.upper()} {path}"
            for parameter in operation.get("parameters", ()):
                yield f"parameter {method.upper()} {path} {parameter['in']} {parameter['name']}"
    for schema, content in described["components"]["schemas"].items():
        yield from (f"field {schema}.{field}" for field in content.get("properties", ()))
        yield from (f"value {schema}={value}" for value in content.get("enum", ()))


def _commands() -> Iterator[str]:
    for group in get_wfstate_cli_commands():
        yield from _commands_of(group, group.name)


def _commands_of(group: GroupCommand, words: str) -> Iterator[str]:
    for command in group.subcommands:
        if isinstance(command, GroupCommand):
            yield from _commands_of(command, f"{words} {command.name}")
            continue
        yield f"command {words} {command.name}"
        for argument in command.args:
            yield f"option {words} {command.name} {'/'.join(argument.flags)}"


def _tables() -> Iterator[str]:
    for table in WorkflowStateDBManager.metadata.sorted_tables:
        yield from (f"column {table.name}.{column.name}" for column in table.columns)


def _config() -> Iterator[str]:
    yield from (f"option [wfstate] {name}" for name in OPTIONS)


if __name__ == "__main__":
    STORED.write_text(json.dumps(public_surface(), indent=0, ensure_ascii=False) + "\n")
