"""The commands of ``airflow wfstate event``; imported whenever ``airflow`` starts, as ``definition.py`` is."""

# Airflow's Arg has no annotations.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airflow.cli.cli_config import ActionCommand, GroupCommand, lazy_load_command
from airflow.cli.cli_config import Arg as AirflowArg

from airflow_wfstate.cli.arg import Arg
from airflow_wfstate.domain.rules.services.event_state import EventState

DEFAULT_LIMIT: Final = 50
"""Events on a page."""

ARG_EVENT_FILE: Final = Arg(
    ("file",), metavar="FILE", help="One event in JSON on each line (CloudEvents 1.0); - for stdin"
)
ARG_SOURCE: Final = Arg(("source",), metavar="SOURCE", help="The source of the event")
ARG_EVENT_ID: Final = Arg(("id",), metavar="ID", help="Its id")
ARG_CHOSEN_SOURCE: Final = Arg(("source",), nargs="?", metavar="SOURCE", help="The source of the event")
ARG_CHOSEN_ID: Final = Arg(("id",), nargs="?", metavar="ID", help="Its id")
ARG_ALL: Final = Arg(("--all",), action="store_true", help="All that wait, as far as the filters match")
ARG_EVENT_STATE: Final = Arg(
    ("--state",),
    action="append",
    dest="states",
    metavar="STATE",
    choices=[state.value for state in EventState],
    help="Only events in this state; may be given several times (default: parked and dead)",
)
ARG_EVENT_NAME: Final = Arg(("--name",), help="Only events for workflows of this name")
ARG_EVENT_KEY: Final = Arg(("--key",), help="Only events for this key of a workflow")
ARG_EVENT_TYPE: Final = Arg(("--type",), help="Only events of this type")
ARG_OF_SOURCE: Final = Arg(("--source",), dest="of_source", help="Only events of this source")
ARG_CORRELATION: Final = Arg(("--correlation-id",), help="Only events with this correlation id")
ARG_OF_WORKFLOW: Final = Arg(
    ("--workflow",), metavar="WORKFLOW", help="Only events that were applied to this workflow: its id, or name/key"
)
ARG_AFTER_EVENT: Final = Arg(("--after",), help="Where the page begins, as the page before said")
ARG_EVENT_LIMIT: Final = Arg(
    ("--limit",), type=int, default=DEFAULT_LIMIT, help=f"Events on a page, 1 to 1000 (default: {DEFAULT_LIMIT})"
)
ARG_WHY_REPLAYED: Final = Arg(("--reason",), help="Why, for the log")
ARG_WHY_DROPPED: Final = Arg(("--reason",), required=True, help="Why; kept with each event")
ARG_YES: Final = Arg(("-y", "--yes"), action="store_true", help="Do not ask")

_FILTERS: Final = (ARG_EVENT_NAME, ARG_EVENT_KEY, ARG_EVENT_TYPE, ARG_OF_SOURCE, ARG_CORRELATION)


def event_group(from_anywhere: Sequence[AirflowArg]) -> GroupCommand:
    """The group.

    :param from_anywhere: options of commands that an api-server can carry out.
    """
    module = "airflow_wfstate.cli.commands.event"
    return GroupCommand(
        name="event",
        help="Send events of services, and look after those that wait for their workflow or could not be applied",
        subcommands=(
            ActionCommand(
                name="send",
                help="Send the events of a file, each once: what was sent before is counted as a duplicate",
                func=lazy_load_command("airflow_wfstate.cli.commands.event_send.send_events"),
                args=(ARG_EVENT_FILE, *from_anywhere),
            ),
            ActionCommand(
                name="list",
                help="List events that wait for their workflow, and dead letters; or the events of a workflow",
                func=lazy_load_command(f"{module}.list_events"),
                args=(
                    ARG_EVENT_STATE,
                    *_FILTERS,
                    ARG_OF_WORKFLOW,
                    ARG_AFTER_EVENT,
                    ARG_EVENT_LIMIT,
                    *from_anywhere,
                ),
            ),
            ActionCommand(
                name="show",
                help="Show an event with its body",
                func=lazy_load_command(f"{module}.show_event"),
                args=(ARG_SOURCE, ARG_EVENT_ID, *from_anywhere),
            ),
            ActionCommand(
                name="replay",
                help="Apply events again that wait or are dead; one whose workflow is still missing waits anew",
                func=lazy_load_command(f"{module}.replay_events"),
                args=(
                    ARG_CHOSEN_SOURCE,
                    ARG_CHOSEN_ID,
                    ARG_ALL,
                    *_FILTERS,
                    ARG_WHY_REPLAYED,
                    ARG_YES,
                    *from_anywhere,
                ),
            ),
            ActionCommand(
                name="drop",
                help="Decide that events that wait or are dead do not count; sent again, they are duplicates",
                func=lazy_load_command(f"{module}.drop_events"),
                args=(ARG_CHOSEN_SOURCE, ARG_CHOSEN_ID, ARG_ALL, *_FILTERS, ARG_WHY_DROPPED, ARG_YES, *from_anywhere),
            ),
        ),
    )
