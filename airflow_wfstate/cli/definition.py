"""The commands of ``airflow wfstate``, as Airflow's argument parser wants them.

Imported whenever ``airflow`` starts: nothing but Airflow's own command-line settings and the domain may be imported
here. The actions are imported when they are called, and what completes an argument when a shell asks for it.
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
"""Between two looks of ``--watch`` and ``wait``."""

FILTERS: Final = filter_arguments(WorkflowQuery)
"""Of lists, by the field of the query."""

JOURNAL_FILTERS: Final = filter_arguments(JournalFilter)
"""Of a journal, by the field of the filter."""

EXPORTS: Final = ("ndjson", "csv")
"""Of a journal; :class:`~airflow_wfstate.backends.journal_export.ExportFormat` says what each means."""

SORTS: Final = tuple(sort.value for sort in WorkflowSort)
"""Of ``list``; :class:`~airflow_wfstate.domain.messages.workflow_query.WorkflowSort` says what each means."""

CODES: Final = ("same", "latest")
"""Of a run; :class:`~airflow_wfstate.domain.messages.code.Code` says what each means."""

DECISIONS: Final = ("retry", "skip", "done")
"""Of a person, about a compensation: see :class:`~airflow_wfstate.domain.messages.compensate.Decision`."""

ARG_WORKFLOW: Final = Arg(
    ("workflow",),
    metavar="WORKFLOW",
    completer=completers.WORKFLOW,
    help="The workflow's id, or its name and key as name/key (the newest generation of the key; both may have slashes)",
)
ARG_LINTED_DAG: Final = Arg(("--dag",), dest="dag_id", metavar="DAG", help="Only this DAG (default: all)")
ARG_SORT: Final = Arg(
    ("--sort",),
    choices=SORTS,
    default=SORTS[0],
    help="The order; a minus sign means the greatest first, as in --sort=-key (default: newest first)",
)
ARG_TOTAL: Final = Arg(("--total",), action="store_true", help="Also count them all; the number is told on stderr")
ARG_EVERY: Final = Arg(
    ("--every",),
    type=int,
    metavar="SECONDS",
    help="Make a pass again and again, so many seconds apart, until SIGINT or SIGTERM (default: one pass)",
)
ARG_LIMIT: Final = Arg(
    ("--limit",),
    type=int,
    default=DEFAULT_WORKFLOW_LIMIT,
    help=f"Workflows on a page, 1 to 1000 (default: {DEFAULT_WORKFLOW_LIMIT})",
)
ARG_CURSOR: Final = Arg(("--cursor",), help="Where the page begins, as the page before said (default: the newest)")
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
    help=f"Entries on a page, 1 to 1000 (default: {DEFAULT_ENTRY_LIMIT})",
)
ARG_EXPORT: Final = Arg(
    ("--export",),
    choices=EXPORTS,
    help="Write all entries instead of a page of them, one a line, for a file; --limit and --output do not matter",
)
ARG_SHOWN_STEP: Final = Arg(
    ("--step",),
    completer=completers.STEP,
    help="Only this step, item by item: step or participant.step (default: a mapped step is one row)",
)
ARG_ITEM_STATE: Final = Arg(
    ("--step-state",),
    action="append",
    completer=completers.STEP_STATE,
    dest="step_states",
    metavar="STATE",
    help="With --step: only items in this state; may be given several times",
)
ARG_AFTER_ITEM: Final = Arg(("--after",), help="With --step: where the page begins, as the page before said")
ARG_ITEM_LIMIT: Final = Arg(
    ("--limit",),
    type=int,
    default=DEFAULT_ITEM_LIMIT,
    help=f"With --step: items on a page, 1 to 1000 (default: {DEFAULT_ITEM_LIMIT})",
)
ARG_WIDE: Final = Arg(
    ("--wide",), action="store_true", help="In a table, every column, and no text shortened (default: what fits)"
)
ARG_WATCH: Final = Arg(
    ("--watch",), action="store_true", help="Print it again and again, in place on a terminal, until Ctrl-C"
)
ARG_WATCH_TO_END: Final = Arg(
    ("--watch",),
    action="store_true",
    help="Print it again and again, in place on a terminal, until the workflow has ended, or Ctrl-C",
)
ARG_PAUSE: Final = Arg(
    ("--every",),
    type=int,
    metavar="SECONDS",
    default=DEFAULT_PAUSE_SECONDS,
    help=f"Seconds between two looks at the store (default: {DEFAULT_PAUSE_SECONDS})",
)
ARG_AWAITED_STATE: Final = Arg(
    ("--for",),
    action="append",
    dest="states",
    metavar="STATE",
    completer=completers.STATE,
    help="The state to wait for; may be given several times, or as a list with commas (default: succeeded)",
)
ARG_TIMEOUT: Final = Arg(
    ("--timeout",), metavar="DURATION", help="Wait no longer than this: as 90s, 30m, 2h, 1d or 4w (default: forever)"
)
ARG_YES: Final = Arg(("-y", "--yes"), action="store_true", help="Do not ask")
ARG_PLAN: Final = Arg(("--plan",), action="store_true", help="Print what would happen, and change nothing")
ARG_DOWNGRADE_TO: Final = Arg(
    ("--to",),
    required=True,
    metavar="VERSION",
    help="The version of airflow-provider-wfstate that will use the tables (0.1.0), or the number of a revision (0013)",
)
ARG_REASON: Final = Arg(("--reason",), help="Why, for the journal")
ARG_COMPENSATE: Final = Arg(
    ("--compensate",),
    action="store_true",
    help="Undo what was done, newest step first, as soon as no step is at work (default: it stays as it is)",
)
ARG_DEADLINE: Final = Arg(
    ("--deadline",), help="A new deadline, from now on: as 90s, 30m, 2h, 1d or 4w (default: it stays as it is)"
)
ARG_CODE: Final = Arg(
    ("--code",),
    choices=CODES,
    help="With which code the runs go on, where their bundle keeps versions: same, the version that each has, or "
    "latest (default: as Airflow itself decides when a task is cleared: the DAG's rerun_with_latest_version, then "
    "[core] rerun_with_latest_version)",
)
ARG_RENAME: Final = Arg(
    ("--rename",),
    action="append",
    dest="renames",
    metavar="OLD=NEW",
    help="A step that is done goes on under another name, which the code has given it; may be given several times",
)
ARG_NEW_STEP: Final = Arg(
    ("--new",),
    action="append",
    dest="new_steps",
    metavar="STEP",
    help="A step that the code has gained is other work than any that is done; may be given several times",
)
ARG_RELAY_CODE: Final = Arg(
    ("--code",),
    choices=CODES,
    help="Which code the relays use that are cleared to undo the workflow, from now on: same, the version that each "
    "run has, or latest (default: as asked before, else as Airflow itself decides when a task is cleared)",
)
ARG_FROM_STEP: Final = Arg(
    ("--from",),
    dest="from_step",
    metavar="STEP",
    completer=completers.STEP,
    required=True,
    help="The step to begin with: participant[place].step, participant.step or step, where that means one, or its id",
)

ARG_DECISION: Final = Arg(
    ("decision",),
    choices=DECISIONS,
    help="retry: let it be tried again; skip: leave undone what it would undo; done: it has been undone by hand",
)
ARG_STEP: Final = Arg(
    ("step",),
    metavar="STEP",
    completer=completers.STEP,
    help="participant[place].step, participant.step or step, where that means one, with [item] for an item; or its id",
)
ARG_ROUND: Final = Arg(("--round",), type=int, help="Which round of the step (default: the only one to be undone)")
ARG_WHY: Final = Arg(("--reason",), required=True, help="Why, for the journal")

ARG_USERNAME: Final = Arg(("--username",), help="The login (default: it is asked for)")
ARG_PRINT_TOKEN: Final = Arg(
    ("--print-token",), action="store_true", help="Print the token, and keep it nowhere; for WFSTATE_TOKEN"
)

WFSTATE_COMMANDS: Final = (
    ActionCommand(
        name="login",
        help="Get a token of an api-server, and keep it in the keyring of this machine for the other commands",
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
        help="List open workflows that make no progress: why, since when, and what would help",
        func=lazy_load_command("airflow_wfstate.cli.commands.stuck.list_stuck"),
        args=(FILTERS["name"], FILTERS["dag_id"], ARG_LIMIT, ARG_CURSOR, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="sweep",
        help="Look for what nobody reports: lost attempts, failed runs, deadlines, turns, workflows without progress",
        func=lazy_load_command("airflow_wfstate.cli.commands.sweep.sweep"),
        args=(ARG_EVERY, ARG_OUTPUT, ARG_VERBOSE),
    ),
    DELIVER,
    ActionCommand(
        name="downgrade",
        help="Take back migrations of the wfstate_* tables, before an older version of the package is installed",
        func=lazy_load_command("airflow_wfstate.cli.commands.downgrade.downgrade"),
        args=(ARG_DOWNGRADE_TO, ARG_PLAN, ARG_YES, ARG_VERBOSE),
    ),
    ActionCommand(
        name="rotate-keys",
        help=escape(
            "Encrypt stored payloads anew, with the first of [core] fernet_key; may be ended and started again"
        ),
        func=lazy_load_command("airflow_wfstate.cli.commands.rotate_keys.rotate_keys"),
        args=(ARG_OUTPUT, ARG_VERBOSE),
    ),
    ActionCommand(
        name="show",
        help="Show a workflow: its steps, attempts, outputs, compensations, runs, and what remains",
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
        help="Wait until a workflow is in a state; the exit code says whether it came to be so, for scripts",
        func=lazy_load_command("airflow_wfstate.cli.commands.wait.wait_for_workflow"),
        args=(ARG_WORKFLOW, ARG_AWAITED_STATE, ARG_TIMEOUT, ARG_PAUSE, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="open",
        help="Print the address of a workflow's page",
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
        help="Set a failed workflow going again from what is unfinished; what is done is not done again",
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
        help="Run a failed or succeeded workflow again from a step on: it and all below it, as new rounds",
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
        help="End a workflow before its time: its unfinished tasks fail, no further step begins",
        func=lazy_load_command("airflow_wfstate.cli.commands.cancel.cancel_workflow"),
        args=(ARG_WORKFLOW, ARG_COMPENSATE, ARG_REASON, ARG_PLAN, ARG_YES, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="lint",
        help="Look through the DAG files for what nobody could undo, and plans that name no step; for CI",
        func=lazy_load_command("airflow_wfstate.cli.commands.lint.lint_dags"),
        args=(ARG_LINTED_DAG, ARG_OUTPUT, ARG_VERBOSE),
    ),
    ActionCommand(
        name="compensate",
        help="Undo what a workflow did, newest step first; also one that has succeeded",
        func=lazy_load_command("airflow_wfstate.cli.commands.compensate.compensate_workflow"),
        args=(ARG_WORKFLOW, ARG_RELAY_CODE, ARG_REASON, ARG_PLAN, ARG_YES, *FROM_ANYWHERE),
    ),
    ActionCommand(
        name="compensation",
        help="Decide about the undo of one step, when it has failed or cannot run",
        func=lazy_load_command("airflow_wfstate.cli.commands.compensation.decide_compensation"),
        args=(ARG_DECISION, ARG_WORKFLOW, ARG_STEP, ARG_ROUND, ARG_RELAY_CODE, ARG_WHY, *FROM_ANYWHERE),
    ),
)


WFSTATE_GROUPS: Final = (definitions_group(FROM_ANYWHERE), event_group(FROM_ANYWHERE), SUBSCRIPTIONS)


def get_wfstate_cli_commands() -> list[GroupCommand]:
    """The group ``airflow wfstate``; named by the provider info."""
    return [
        GroupCommand(
            name="wfstate",
            help="Look at workflows, and act on them",
            description="Which steps of a workflow are done, what each produced, what remains, and how it is undone.",
            subcommands=(*WFSTATE_COMMANDS, *WFSTATE_GROUPS),
        )
    ]
