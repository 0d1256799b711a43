"""Write the parts of docs/ that follow from the code: ``python docs/generate.py``.

``docs/openapi.json`` and ``docs/definition.schema.json`` are written whole. A generated part of a page stands between
two comments that name it. tests/docs compares each with what would be written now.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import warnings
from dataclasses import fields
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any

from airflow.cli.cli_config import ARG_VERBOSE, ActionCommand, Arg, GroupCommand

from airflow_wfstate.backends.problem_types import problem_types
from airflow_wfstate.cli.definition import get_wfstate_cli_commands
from airflow_wfstate.conf import OPTIONS, SECTION
from airflow_wfstate.definition_file.structure import SCHEMA_FILE, definition_schema
from airflow_wfstate.domain.rules.states import COMPENSATION_TRANSITIONS, STEP_TRANSITIONS, WORKFLOW_TRANSITIONS
from airflow_wfstate.operators.steps.declaration.options import StepOptions

FOLDER = Path(__file__).parent

# The permission tables stand beside the tests that try them, in modules that need no service.
if str(FOLDER.parent) not in sys.path:
    sys.path.append(str(FOLDER.parent))

from tests.api import permission_table  # noqa: E402
from tests.fab import permission_table as fab_permission_table  # noqa: E402


def diagram(transitions: frozenset[tuple[Enum, Enum]]) -> str:
    """A Mermaid state diagram with an arrow for each pair, in order of declaration."""
    states = list(type(next(iter(transitions))[0]))
    first = states[0].value
    arrows = [
        f"    {state.value} --> {target.value}"
        for state in states
        for target in states
        if (state, target) in transitions
    ]
    ends = [f"    {state.value} --> [*]" for state in states if all(state is not source for source, _ in transitions)]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *arrows, *ends, "```"])


def options() -> str:
    """A section for each option of ``[wfstate]``."""
    sections = []
    for name, option in OPTIONS.items():
        default = f"`{option['default']}`" if option["default"] else "empty"
        sections.append(
            f"### {name}\n\n{option['description']}\n\n"
            f"Type: {option['type']}. Default: {default}. "
            f"Environment variable: `AIRFLOW__{SECTION.upper()}__{name.upper()}`."
        )
    return "\n\n".join(sections)


def migrations() -> str:
    """The revisions, a row each, with the release that brought them: see ``revision_heads_map``."""
    from alembic.script import ScriptDirectory

    from airflow_wfstate.version import __version__

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own models import
        from airflow_wfstate.store.db_manager import WorkflowStateDBManager
    released = sorted(WorkflowStateDBManager.revision_heads_map.items(), key=lambda item: item[1])
    number, is_dev, _ = __version__.partition(".dev")
    newest = f"{number} (not released yet)" if is_dev else number
    lines = ["| revision | release | what it brings |", "|---|---|---|"]
    for script in reversed(list(ScriptDirectory(WorkflowStateDBManager.migration_dir).walk_revisions())):
        release = next((version for version, head in released if script.revision <= head), newest)
        brings = " ".join(script.doc.replace("``", "`").split()).replace("|", "\\|")
        lines.append(f"| {script.revision} | {release} | {brings} |")
    return "\n".join(lines)


def step_options() -> str:
    """The options of a step, a row each: the fields of ``StepOptions`` and the texts below them."""
    (declared,) = ast.parse(inspect.getsource(StepOptions)).body
    texts = {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(declared.body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }
    lines = ["| option | meaning | default |", "|---|---|---|"]
    for field in fields(StepOptions):
        meaning = " ".join(texts[field.name].replace("``", "`").split()).replace("|", "\\|")
        default = json.dumps(field.default) if isinstance(field.default, str) else repr(field.default)
        lines.append(f"| `{field.name}` | {meaning} | `{default}` |")
    return "\n".join(lines)


def definition_fields() -> str:
    """A table for each kind of mapping in a definition file, from the JSON Schema."""
    schema = definition_schema()
    kinds = {
        "The file": schema,
        "A participant": schema["definitions"]["participant"],
        "An event": schema["definitions"]["event"],
        "An undo": schema["definitions"]["undo"],
    }
    return "\n\n".join(f"**{title}**\n\n{_field_table(kind, schema)}" for title, kind in kinds.items())


def _field_table(kind: dict[str, Any], schema: dict[str, Any]) -> str:
    lines = ["| field | value | meaning |", "|---|---|---|"]
    for name, field in kind["properties"].items():
        needed = ", required" if name in kind.get("required", ()) else ""
        default = f", default `{field['default']}`" if "default" in field else ""
        meaning = field["description"].replace("|", "\\|")
        lines.append(f"| `{name}` | {_value_of(field, schema)}{needed}{default} | {meaning} |")
    return "\n".join(lines)


def _value_of(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a value of a field is, in words."""
    reference = field.get("$ref", "").rpartition("/")[2]
    if reference in ("path", "duration"):
        return reference
    if reference:
        return _value_of(schema["definitions"][reference], schema)
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of texts, at most {field['maxItems']:,}"
    if field["type"] == "object":
        return f"mapping, at most {field['maxProperties']:,}"
    return f"text, at most {field['maxLength']} characters"


def problem_table() -> str:
    """The types of problems, a row each."""
    lines = ["| type | status | class | what it says |", "|---|---|---|---|"]
    for row in problem_types():
        says = (inspect.getdoc(row.error_class) or "").splitlines()[0]
        lines.append(f"| `{row.uri}` | {row.status} | `{row.error_class.__name__}` | {says} |")
    return "\n".join(lines)


def commands() -> str:
    """A section for each command of ``airflow wfstate`` and a row for each of its arguments, from the parser."""
    (group,) = get_wfstate_cli_commands()
    return "\n\n".join(_command_sections(group, "airflow"))


def _command_sections(command: ActionCommand | GroupCommand, above: str) -> list[str]:
    path = f"{above} {command.name}"
    if isinstance(command, GroupCommand):
        return [section for below in command.subcommands for section in _command_sections(below, path)]
    lines = [f"## {path}", "", f"{_unescaped(command.help)}."]
    rows = [row for argument in command.args if argument is not ARG_VERBOSE for row in _argument_row(argument)]
    if rows:
        lines += ["", "| argument | meaning |", "|---|---|", *rows]
    return ["\n".join(lines)]


def _argument_row(argument: Arg) -> list[str]:
    declared = argument.kwargs
    value = declared.get("metavar") or ("" if declared.get("action") == "store_true" else "VALUE")
    if declared.get("choices"):
        value = "|".join(map(str, declared["choices"]))
    if not argument.flags[0].startswith("-"):
        shown = value if value != "VALUE" else argument.flags[0].upper()
    else:
        shown = ", ".join(argument.flags) + (f" {value}" if value else "")
    meaning = _unescaped(declared.get("help", "")) + (" Required." if declared.get("required") else "")
    escaped = [text.replace("|", "\\|") for text in (shown, meaning)]
    return [f"| `{escaped[0]}` | {escaped[1]} |"]


def _unescaped(help_text: str) -> str:
    """Without the backslashes that keep rich from reading brackets as markup."""
    return " ".join(help_text.replace("\\[", "[").split())


def openapi() -> str:
    """The OpenAPI document, as the api-server gives it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own app imports
        from airflow_wfstate.api.app import create_app
        from airflow_wfstate.api.openapi import describe
    return json.dumps(describe(create_app()), indent=2, ensure_ascii=False) + "\n"


PARTS = {
    ("reference/api.md", "problems"): problem_table,
    ("reference/states.md", "workflow"): lambda: diagram(WORKFLOW_TRANSITIONS),
    ("reference/states.md", "step"): lambda: diagram(STEP_TRANSITIONS),
    ("reference/states.md", "compensation"): lambda: diagram(COMPENSATION_TRANSITIONS),
    ("reference/configuration.md", "options"): options,
    ("reference/command-options.md", "commands"): commands,
    ("reference/authoring.md", "step options"): step_options,
    ("reference/definitions.md", "definition fields"): definition_fields,
    ("reference/migrations.md", "revisions"): migrations,
    ("reference/security.md", "permissions"): permission_table.as_markdown,
    ("reference/security.md", "fab permissions"): fab_permission_table.as_markdown,
}


def with_parts(page: str) -> str:
    """The text of a page with its generated parts as they would be written now."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    for (name, part), content in PARTS.items():
        if name == page:
            begin, end = f"<!-- generated: {part} -->", f"<!-- end: {part} -->"
            pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
            if not pattern.search(text):
                raise SystemExit(f"docs/{page} has no part {begin} ... {end}.")
            replacement = f"{begin}\n{content()}\n{end}"
            text = pattern.sub(lambda _, written=replacement: written, text)
    return text


def main() -> None:
    """Write every generated part into its page."""
    for page in sorted({name for name, _ in PARTS}):
        (FOLDER / page).write_text(with_parts(page), encoding="utf-8")
    (FOLDER / "openapi.json").write_text(openapi(), encoding="utf-8")
    (FOLDER / SCHEMA_FILE.name).write_text(SCHEMA_FILE.read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main()
