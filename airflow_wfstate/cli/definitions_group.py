"""The commands of ``airflow wfstate definitions``; imported whenever ``airflow`` starts, like ``definition.py``."""

# Airflow's Arg has no annotations.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE, ActionCommand, GroupCommand, lazy_load_command
from airflow.cli.cli_config import Arg as AirflowArg

from airflow_wfstate.cli.arg import Arg

DEFAULT_LIMIT: Final = 50
"""Definitions or versions per page."""

ARG_FILES: Final = Arg(
    ("files",),
    nargs="+",
    metavar="FILE|DIR",
    help="A definition file; a folder, for all .yaml and .yml files below it; or - for stdin",
)
ARG_DEFINITION_NAME: Final = Arg(("name",), metavar="NAME", help="The name of the workflows")
ARG_NUMBER: Final = Arg(
    ("--version",), dest="number", type=int, metavar="N", help="The version number (default: the version in force)"
)
ARG_VERSIONS: Final = Arg(("--versions",), action="store_true", help="List the applied versions, newest first")
ARG_AFTER_NAME: Final = Arg(("--after",), metavar="NAME", help="Only names after this one (default: from the first)")
ARG_BEFORE_NUMBER: Final = Arg(
    ("--before",), type=int, metavar="N", help="With --versions: only versions below this number (default: all)"
)
ARG_DEFINITION_LIMIT: Final = Arg(
    ("--limit",), type=int, default=DEFAULT_LIMIT, help=f"Lines per page, 1 to 1000 (default: {DEFAULT_LIMIT})"
)


def definitions_group(from_anywhere: Sequence[AirflowArg]) -> GroupCommand:
    """The group ``airflow wfstate definitions``.

    :param from_anywhere: the options of commands that also work with an api-server.
    """
    module = "airflow_wfstate.cli.commands.definitions"
    return GroupCommand(
        name="definitions",
        help="Apply, compare and show definition files: plan, policies, services and events of a workflow's name",
        subcommands=(
            ActionCommand(
                name="apply",
                help="Put the definitions in files in force; applying unchanged content has no effect",
                func=lazy_load_command(f"{module}.apply_definitions"),
                args=(ARG_FILES, *from_anywhere),
            ),
            ActionCommand(
                name="diff",
                help="Show what applying files would change; exit code 0: nothing, 1: changes, 2: an error",
                func=lazy_load_command(f"{module}.diff_definitions"),
                args=(ARG_FILES, *(arg for arg in from_anywhere if arg is not ARG_OUTPUT)),
            ),
            ActionCommand(
                name="lint",
                help="Check files without a database: list every error with its line and column; for CI and editors",
                func=lazy_load_command(f"{module}.lint_definitions"),
                args=(ARG_FILES, ARG_OUTPUT, ARG_VERBOSE),
            ),
            ActionCommand(
                name="list",
                help="List the definitions in force",
                func=lazy_load_command(f"{module}.list_definitions"),
                args=(ARG_AFTER_NAME, ARG_DEFINITION_LIMIT, *from_anywhere),
            ),
            ActionCommand(
                name="show",
                help="Print a definition as YAML, or list its applied versions",
                func=lazy_load_command(f"{module}.show_definition"),
                args=(
                    ARG_DEFINITION_NAME,
                    ARG_NUMBER,
                    ARG_VERSIONS,
                    ARG_BEFORE_NUMBER,
                    ARG_DEFINITION_LIMIT,
                    *from_anywhere,
                ),
            ),
        ),
    )
