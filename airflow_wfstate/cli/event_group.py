"""The commands of ``airflow wfstate event``; imported whenever ``airflow`` starts, like ``definition.py``."""

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
"""Events per page."""

ARG_EVENT_FILE: Final = Arg(
    ("file",), metavar="FILE", help="A file with one JSON event per line (CloudEvents 1.0), or - for stdin"
)
ARG_SOURCE: Final = Arg(("source",), metavar="SOURCE", help="The source of the event")
ARG_EVENT_ID: Final = Arg(("id",), metavar="ID", help="The id of the event")
ARG_CHOSEN_SOURCE: Final = Arg(("source",), nargs="?", metavar="SOURCE", help="The source of the event")
ARG_CHOSEN_ID: Final = Arg(("id",), nargs="?", metavar="ID", help="The id of the event")
ARG_ALL: Final = Arg(("--all",), action="store_true", help="All waiting events that match the filters")
ARG_EVENT_STATE: Final = Arg(
    ("--state",),
    action="append",
    dest="states",
    metavar="STATE",
    choices=[state.value for state in EventState],
    help="Only events in this state; may be repeated (default: parked and dead)",
)
ARG_EVENT_NAME: Final = Arg(("--name",), help="Only events for workflows of this name")
ARG_EVENT_KEY: Final = Arg(("--key",), help="Only events for workflows with this key")
ARG_EVENT_TYPE: Final = Arg(("--type",), help="Only events of this type")
ARG_OF_SOURCE: Final = Arg(("--source",), dest="of_source", help="Only events from this source")
ARG_CORRELATION: Final = Arg(("--correlation-id",), help="Only events with this correlation id")
ARG_OF_WORKFLOW: Final = Arg(
    ("--workflow",), metavar="WORKFLOW", help="Only events that were applied to this workflow (its id, or name/key)"
)
ARG_AFTER_EVENT: Final = Arg(("--after",), help="Where the page begins, as printed by the previous page")
ARG_EVENT_LIMIT: Final = Arg(
    ("--limit",), type=int, default=DEFAULT_LIMIT, help=f"Events per page, 1 to 1000 (default: {DEFAULT_LIMIT})"
)
ARG_WHY_REPLAYED: Final = Arg(("--reason",), help="The reason, for the log")
ARG_WHY_DROPPED: Final = Arg(("--reason",), required=True, help="The reason, stored with each event")
ARG_YES: Final = Arg(("-y", "--yes"), action="store_true", help="Skip the confirmation prompt")

_FILTERS: Final = (ARG_EVENT_NAME, ARG_EVENT_KEY, ARG_EVENT_TYPE, ARG_OF_SOURCE, ARG_CORRELATION)


def event_group(from_anywhere: Sequence[AirflowArg]) -> GroupCommand:
    """The group ``airflow wfstate event``.

    :param from_anywhere: the options of commands that also work with an api-server.
    """
    module = "airflow_wfstate.cli.commands.event"
    return GroupCommand(
        name="event",
        help="Send events of services, and handle those that wait for their workflow or could not be applied",
        subcommands=(
            ActionCommand(
                name="send",
                help="Send the events in a file; an event that was already sent is counted as a duplicate",
                func=lazy_load_command("airflow_wfstate.cli.commands.event_send.send_events"),
                args=(ARG_EVENT_FILE, *from_anywhere),
            ),
            ActionCommand(
                name="list",
                help="List events that wait for their workflow and dead letters, or the events of a workflow",
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
                help="Apply waiting or dead events again; an event whose workflow is still missing keeps waiting",
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
                help="Discard waiting or dead events; if they are sent again, they are duplicates",
                func=lazy_load_command(f"{module}.drop_events"),
                args=(ARG_CHOSEN_SOURCE, ARG_CHOSEN_ID, ARG_ALL, *_FILTERS, ARG_WHY_DROPPED, ARG_YES, *from_anywhere),
            ),
        ),
    )
