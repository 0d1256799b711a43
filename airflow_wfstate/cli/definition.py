"""The commands of ``airflow wfstate``, declared for Airflow's argument parser.

This module is imported whenever ``airflow`` starts, so it may import only Airflow's own command-line settings and the
domain. Actions are imported when they are called, and completers when a shell asks for completion.
"""

# Airflow's Arg has no annotations.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Final

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE, ActionCommand, GroupCommand, lazy_load_command
from rich.markup import escape

from airflow_wfstate.cli import completers
from airflow_wfstate.cli.arg import Arg
from airflow_wfstate.cli.definitions_group import definitions_group
from airflow_wfstate.cli.event_group import event_group
from airflow_wfstate.cli.filters import filter_arguments
from airflow_wfstate.cli.from_anywhere import ARG_SERVER, FROM_ANYWHERE
from airflow_wfstate.cli.outbox_definition import DELIVER, SUBSCRIPTIONS
from airflow_wfstate.domain.messages.reading.journal import JournalFilter
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort

DEFAULT_WORKFLOW_LIMIT: Final = 50
"""Workflows on a page of ``list``."""

DEFAULT_ENTRY_LIMIT: Final = 200
"""Entries on a page of ``journal``."""

DEFAULT_ITEM_LIMIT: Final = 50
"""Items on a page of ``show --step``."""

DEFAULT_PAUSE_SECONDS: Final = 2
"""Seconds between two polls of ``--watch`` and ``wait``."""

FILTERS: Final = filter_arguments(WorkflowQuery)
"""The filters of lists, by the field of the query."""

JOURNAL_FILTERS: Final = filter_arguments(JournalFilter)
"""The filters of a journal, by the field of the filter."""

EXPORTS: Final = ("ndjson", "csv")
"""The export formats of a journal; see :class:`~airflow_wfstate.backends.journal_export.ExportFormat`."""

SORTS: Final = tuple(sort.value for sort in WorkflowSort)
"""The orders of ``list``; see :class:`~airflow_wfstate.domain.messages.workflow_query.WorkflowSort`."""

CODES: Final = ("same", "latest")
"""The code that a run can use; see :class:`~airflow_wfstate.domain.messages.code.Code`."""

DECISIONS: Final = ("retry", "skip", "done")
"""The decisions about a compensation; see :class:`~airflow_wfstate.domain.messages.compensate.Decision`."""

ARG_WORKFLOW: Final = Arg(
    ("workflow",),
    metavar="WORKFLOW",
    completer=completers.WORKFLOW,
    help="The workflow's id, or name/key for the newest generation of the key (name and key may contain slashes)",
)
ARG_LINTED_DAG: Final = Arg(("--dag",), dest="dag_id", metavar="DAG", help="Only this DAG (default: all)")
ARG_SORT: Final = Arg(
    ("--sort",),
    choices=SORTS,
    default=SORTS[0],
    help="The order; a minus sign reverses it, as in --sort=-key (default: newest first)",
)
ARG_TOTAL: Final = Arg(("--total",), action="store_true", help="Also count all matches, and print the number on stderr")
ARG_EVERY: Final = Arg(
    ("--every",),
    type=int,
    metavar="SECONDS",
    help="Repeat the pass with this many seconds in between, until SIGINT or SIGTERM (default: one pass)",
)
ARG_LIMIT: Final = Arg(
    ("--limit",),
    type=int,
    default=DEFAULT_WORKFLOW_LIMIT,
    help=f"Workflows per page, 1 to 1000 (default: {DEFAULT_WORKFLOW_LIMIT})",
)
ARG_CURSOR: Final = Arg(("--cursor",), help="Where the page begins, as printed by the page before (default: the first)")
ARG_AFTER: Final = Arg(
    ("--after",),
    type=int,
    default=0,
    help="Only entries with a number above this one (default: 0, from the beginning)",
)
ARG_ENTRY_LIMIT: Final = Arg(
    ("--limit",),
    type=int,
    default=DEFAULT_ENTRY_LIMIT,
    help=f"Entries per page, 1 to 1000 (default: {DEFAULT_ENTRY_LIMIT})",
)
ARG_EXPORT: Final = Arg(
    ("--export",),
    choices=EXPORTS,
    help="Write all entries, one per line, instead of one page; --limit and --output are ignored",
)
ARG_SHOWN_STEP: Final = Arg(
    ("--step",),
    completer=completers.STEP,
    help="Only this step, item by item: step or participant.step (default: all steps, with one row per mapped step)",
)
ARG_ITEM_STATE: Final = Arg(
    ("--step-state",),
    action="append",
    completer=completers.STEP_STATE,
    dest="step_states",
    metavar="STATE",
    help="With --step: only items in this state; may be repeated",
)
ARG_AFTER_ITEM: Final = Arg(("--after",), help="With --step: where the page begins, as printed by the previous page")
ARG_ITEM_LIMIT: Final = Arg(
    ("--limit",),
    type=int,
    default=DEFAULT_ITEM_LIMIT,
    help=f"With --step: items per page, 1 to 1000 (default: {DEFAULT_ITEM_LIMIT})",
)
ARG_WIDE: Final = Arg(
    ("--wide",), action="store_true", help="In a table, show every column and full texts (default: what fits)"
)
ARG_WATCH: Final = Arg(
    ("--watch",), action="store_true", help="Refresh the output until Ctrl-C, in place on a terminal"
)
ARG_WATCH_TO_END: Final = Arg(
    ("--watch",),
    action="store_true",
    help="Refresh the output, in place on a terminal, until the workflow has ended or Ctrl-C",
)
ARG_PAUSE: Final = Arg(
    ("--every",),
    type=int,
    metavar="SECONDS",
    default=DEFAULT_PAUSE_SECONDS,
    help=f"Seconds between two polls (default: {DEFAULT_PAUSE_SECONDS})",
)
ARG_AWAITED_STATE: Final = Arg(
    ("--for",),
    action="append",
    dest="states",
    metavar="STATE",
    completer=completers.STATE,
    help="The state to wait for; may be repeated, or a comma-separated list (default: succeeded)",
)
ARG_TIMEOUT: Final = Arg(
    ("--timeout",), metavar="DURATION", help="Wait no longer than this: 90s, 30m, 2h, 1d or 4w (default: no limit)"
)
ARG_YES: Final = Arg(("-y", "--yes"), action="store_true", help="Skip the confirmation prompt")
ARG_PLAN: Final = Arg(("--plan",), action="store_true", help="Print what would happen without changing anything")
ARG_DOWNGRADE_TO: Final = Arg(
    ("--to",),
    required=True,
    metavar="VERSION",
    help="The version of airflow-provider-wfstate that will use the tables (0.1.0), or a revision number (0013)",
)
ARG_REASON: Final = Arg(("--reason",), help="The reason, for the journal")
ARG_COMPENSATE: Final = Arg(
    ("--compensate",),
    action="store_true",
    help="Undo the finished steps, newest first, as soon as no step is running (default: undo nothing)",
)
ARG_DEADLINE: Final = Arg(
    ("--deadline",), help="A new deadline, counted from now: 90s, 30m, 2h, 1d or 4w (default: unchanged)"
)
ARG_CODE: Final = Arg(
    ("--code",),
    choices=CODES,
    help="Which code the runs use if their bundle keeps versions: same for each run's current version, or latest "
    "(default: as Airflow decides when a task is cleared: the DAG's rerun_with_latest_version, then "
    "[core] rerun_with_latest_version)",
)
ARG_RENAME: Final = Arg(
    ("--rename",),
    action="append",
    dest="renames",
    metavar="OLD=NEW",
    help="A finished step was renamed in the code; continue it under its new name; may be repeated",
)
ARG_NEW_STEP: Final = Arg(
    ("--new",),
    action="append",
    dest="new_steps",
    metavar="STEP",
    help="A step was added to the code, and is not a renamed finished step; may be repeated",
)
ARG_RELAY_CODE: Final = Arg(
    ("--code",),
    choices=CODES,
    help="Which code the relays use from now on to undo the workflow: same for each run's current version, or latest "
    "(default: as requested earlier, or else as Airflow decides when a task is cleared)",
)
ARG_FROM_STEP: Final = Arg(
    ("--from",),
    dest="from_step",
    metavar="STEP",
    completer=completers.STEP,
    required=True,
    help="The step to restart from: participant[place].step, participant.step or step if unambiguous, or its id",
)

ARG_DECISION: Final = Arg(
    ("decision",),
    choices=DECISIONS,
    help="retry: try it again; skip: do not run it; done: it has been undone manually",
)
ARG_STEP: Final = Arg(
    ("step",),
    metavar="STEP",
    completer=completers.STEP,
    help="participant[place].step, participant.step or step if unambiguous, with [item] for an item; or its id",
)
ARG_ROUND: Final = Arg(("--round",), type=int, help="The round of the step (default: the only one to be undone)")
ARG_WHY: Final = Arg(("--reason",), required=True, help="The reason, for the journal")

ARG_USERNAME: Final = Arg(("--username",), help="The login (default: prompt for it)")
ARG_PRINT_TOKEN: Final = Arg(
    ("--print-token",), action="store_true", help="Print the token for WFSTATE_TOKEN instead of keeping it"
)

WFSTATE_COMMANDS: Final = (
    ActionCommand(
        name="login",
        help="Get a token from an api-server, and keep it in this machine's keyring for the other commands",
        func=lazy_load_command("airflow_wfstate.cli.commands.login.login"),
        args=(ARG_SERVER, ARG_USERNAME, ARG_PRINT_TOKEN, ARG_VERBOSE),
    ),
    ActionCommand(
        name="list",
        help="List workflows",
        func=lazy_load_command("airflow_wfstate.cli.commands.list.list_workflows"),
        args=(
            *FILTERS.values(),
            ARG_SORT,
            ARG_TOTAL,
            ARG_LIMIT,
            ARG_CURSOR,
            ARG_WIDE,
            ARG_WATCH,
            ARG_PAUSE,
            *FROM_ANYWHERE,
        ),
    ),
    ActionCommand(
        name="stuck",
        help="List open workflows that make no progress, with the cause, since when, and what would help",
        func=lazy_load_command("airflow_wfstate.cli.commands.stuck.list_stuck"),
        args=(FILTERS["name"], FILTERS["dag_id"], ARG_LIMIT, ARG_CURSOR, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="sweep",
        help="Find what nobody reports: lost attempts, failed runs, deadlines, turns, workflows without progress",
        func=lazy_load_command("airflow_wfstate.cli.commands.sweep.sweep"),
        args=(ARG_EVERY, ARG_OUTPUT, ARG_VERBOSE),
    ),
    DELIVER,
    ActionCommand(
        name="downgrade",
        help="Downgrade the wfstate_* tables before you install an older version of the package",
        func=lazy_load_command("airflow_wfstate.cli.commands.downgrade.downgrade"),
        args=(ARG_DOWNGRADE_TO, ARG_PLAN, ARG_YES, ARG_VERBOSE),
    ),
    ActionCommand(
        name="rotate-keys",
        help=escape(
            "Re-encrypt stored payloads with the first key of [core] fernet_key; can be interrupted and repeated"
        ),
        func=lazy_load_command("airflow_wfstate.cli.commands.rotate_keys.rotate_keys"),
        args=(ARG_OUTPUT, ARG_VERBOSE),
    ),
    ActionCommand(
        name="show",
        help="Show a workflow: its steps, attempts, outputs, compensations and runs, and what remains",
        func=lazy_load_command("airflow_wfstate.cli.commands.show.show_workflow"),
        args=(
            ARG_WORKFLOW,
            ARG_SHOWN_STEP,
            ARG_ITEM_STATE,
            ARG_AFTER_ITEM,
            ARG_ITEM_LIMIT,
            ARG_WATCH_TO_END,
            ARG_PAUSE,
            *FROM_ANYWHERE,
        ),
    ),
    ActionCommand(
        name="wait",
        help="Wait until a workflow is in a state, and report the result in the exit code, for scripts",
        func=lazy_load_command("airflow_wfstate.cli.commands.wait.wait_for_workflow"),
        args=(ARG_WORKFLOW, ARG_AWAITED_STATE, ARG_TIMEOUT, ARG_PAUSE, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="open",
        help="Print the URL of a workflow's page",
        func=lazy_load_command("airflow_wfstate.cli.commands.open.print_page_address"),
        args=(ARG_WORKFLOW, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="journal",
        help="Print the history of a workflow, oldest entry first",
        func=lazy_load_command("airflow_wfstate.cli.commands.journal.print_journal"),
        args=(ARG_WORKFLOW, *JOURNAL_FILTERS.values(), ARG_AFTER, ARG_ENTRY_LIMIT, ARG_EXPORT, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="resume",
        help="Resume a failed workflow with its unfinished steps; finished steps are not executed again",
        func=lazy_load_command("airflow_wfstate.cli.commands.resume.resume_workflow"),
        args=(
            ARG_WORKFLOW,
            ARG_CODE,
            ARG_RENAME,
            ARG_NEW_STEP,
            ARG_REASON,
            ARG_DEADLINE,
            ARG_PLAN,
            ARG_YES,
            *FROM_ANYWHERE,
        ),
    ),
    ActionCommand(
        name="restart",
        help="Restart a failed or succeeded workflow from a step: it and everything downstream run as new rounds",
        func=lazy_load_command("airflow_wfstate.cli.commands.resume.restart_workflow"),
        args=(
            ARG_WORKFLOW,
            ARG_FROM_STEP,
            ARG_CODE,
            ARG_RENAME,
            ARG_NEW_STEP,
            ARG_REASON,
            ARG_DEADLINE,
            ARG_PLAN,
            ARG_YES,
            *FROM_ANYWHERE,
        ),
    ),
    ActionCommand(
        name="cancel",
        help="Cancel a workflow: its unfinished tasks fail, and no further step begins",
        func=lazy_load_command("airflow_wfstate.cli.commands.cancel.cancel_workflow"),
        args=(ARG_WORKFLOW, ARG_COMPENSATE, ARG_REASON, ARG_PLAN, ARG_YES, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="lint",
        help="Check the DAG files for steps that could not be undone and plans with unknown steps; for CI",
        func=lazy_load_command("airflow_wfstate.cli.commands.lint.lint_dags"),
        args=(ARG_LINTED_DAG, ARG_OUTPUT, ARG_VERBOSE),
    ),
    ActionCommand(
        name="compensate",
        help="Undo what a workflow did, newest step first; also works for a succeeded workflow",
        func=lazy_load_command("airflow_wfstate.cli.commands.compensate.compensate_workflow"),
        args=(ARG_WORKFLOW, ARG_RELAY_CODE, ARG_REASON, ARG_PLAN, ARG_YES, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="compensation",
        help="Decide about the compensation of one step if it has failed or cannot run",
        func=lazy_load_command("airflow_wfstate.cli.commands.compensation.decide_compensation"),
        args=(ARG_DECISION, ARG_WORKFLOW, ARG_STEP, ARG_ROUND, ARG_RELAY_CODE, ARG_WHY, *FROM_ANYWHERE),
    ),
)


WFSTATE_GROUPS: Final = (definitions_group(FROM_ANYWHERE), event_group(FROM_ANYWHERE), SUBSCRIPTIONS)


def get_wfstate_cli_commands() -> list[GroupCommand]:
    """The group ``airflow wfstate``, which the provider info refers to."""
    return [
        GroupCommand(
            name="wfstate",
            help="Inspect workflows, and act on them",
            description="Which steps of a workflow are done, what each produced, what remains, and how to undo them.",
            subcommands=(*WFSTATE_COMMANDS, *WFSTATE_GROUPS),
        )
    ]
