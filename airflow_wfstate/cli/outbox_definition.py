"""The commands of the outbox, as ``cli/definition.py`` takes them; imported whenever ``airflow`` starts, as that is."""

# Airflow's Arg has no annotations.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Final

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE, ActionCommand, GroupCommand, lazy_load_command

from airflow_wfstate.cli import completers
from airflow_wfstate.cli.arg import Arg
from airflow_wfstate.cli.from_anywhere import FROM_ANYWHERE

_ACTIONS: Final = "airflow_wfstate.cli.commands.subscriptions"

ARG_DELIVER_EVERY: Final = Arg(
    ("--every",),
    type=int,
    metavar="SECONDS",
    help="Make a pass again and again, so many seconds apart, until SIGINT or SIGTERM (default: one pass)",
)
ARG_SUBSCRIPTION: Final = Arg(("subscription",), metavar="NAME", help="The subscription's name, or its id")
ARG_NEW_NAME: Final = Arg(("name",), metavar="NAME", help="How people name the subscription; no other has the same")
ARG_URL: Final = Arg(("url",), metavar="URL", help="Where to send events, by https")
ARG_NAMES: Final = Arg(
    ("--name",),
    dest="names",
    action="append",
    default=[],
    metavar="NAME",
    help="Only workflows of this name; may be given several times (default: all)",
)
ARG_STATES: Final = Arg(
    ("--state",),
    dest="states",
    action="append",
    default=[],
    metavar="STATE",
    completer=completers.STATE,
    help="Only when a workflow comes into this state; may be given several times, or as a list with commas",
)
ARG_LABELS: Final = Arg(
    ("--label",),
    dest="labels",
    action="append",
    default=[],
    metavar="NAME=VALUE",
    help="Only workflows with this label; with all of them, if there are several",
)
ARG_KINDS: Final = Arg(
    ("--kind",),
    dest="kinds",
    action="append",
    default=[],
    metavar="KIND",
    help="Only journal entries of this kind, such as step.failed; may be given several times (default: all but "
    "run.linked and turn.given)",
)
ARG_REQUESTS_ONLY: Final = Arg(
    ("--requests-only",),
    action="store_true",
    help="No changes at all: only requests to a service to undo its steps, which pass every filter",
)
_POINT: Final = "now, beginning, a time (2026-03-01T12:00:00+00:00, or how long ago, as 2h), or the id of an event"
ARG_START: Final = Arg(("--from",), dest="start", default="now", help=f"Where to begin: {_POINT} (default: now)")
ARG_REPLAY_START: Final = Arg(("--from",), dest="start", required=True, help=f"Where to begin: {_POINT}")
ARG_SUBSCRIPTION_REASON: Final = Arg(("--reason",), help="Why, for those who look at the list")
ARG_KEEP: Final = Arg(
    ("--keep",),
    metavar="DURATION",
    default="1d",
    help="For how long the secret before signs too: as 90s, 30m, 2h, 1d or 4w; 0 for not at all (default: 1d)",
)

DELIVER: Final = ActionCommand(
    name="deliver",
    help="Send webhooks to those who subscribed; for a process of its own, beside the api-server",
    func=lazy_load_command("airflow_wfstate.cli.commands.deliver.deliver"),
    args=(ARG_DELIVER_EVERY, ARG_OUTPUT, ARG_VERBOSE),
)

SUBSCRIPTIONS: Final = GroupCommand(
    name="subscriptions",
    help="Have webhooks told of changes of workflows and steps",
    description="Each change of a workflow or a step is a CloudEvent that is sent to those who subscribed.",
    subcommands=(
        ActionCommand(
            name="add",
            help="Subscribe a webhook, and print the secret that verifies what it gets: it is shown once",
            func=lazy_load_command(f"{_ACTIONS}.add_subscription"),
            args=(
                ARG_NEW_NAME,
                ARG_URL,
                ARG_NAMES,
                ARG_STATES,
                ARG_LABELS,
                ARG_KINDS,
                ARG_REQUESTS_ONLY,
                ARG_START,
                *FROM_ANYWHERE,
            ),
        ),
        ActionCommand(
            name="list",
            help="List subscriptions: their state, what waits, and what the receiver last answered",
            func=lazy_load_command(f"{_ACTIONS}.list_subscriptions"),
            args=FROM_ANYWHERE,
        ),
        ActionCommand(
            name="show",
            help="Show a subscription, and the workflows of which its receiver has refused an event",
            func=lazy_load_command(f"{_ACTIONS}.show_subscription"),
            args=(ARG_SUBSCRIPTION, *FROM_ANYWHERE),
        ),
        ActionCommand(
            name="pause",
            help="Send nothing more for now; nothing is lost",
            func=lazy_load_command(f"{_ACTIONS}.pause_subscription"),
            args=(ARG_SUBSCRIPTION, ARG_SUBSCRIPTION_REASON, *FROM_ANYWHERE),
        ),
        ActionCommand(
            name="continue",
            help="Send again: what was paused, what is parked, and to a receiver that was unavailable",
            func=lazy_load_command(f"{_ACTIONS}.continue_subscription"),
            args=(ARG_SUBSCRIPTION, *FROM_ANYWHERE),
        ),
        ActionCommand(
            name="replay",
            help="Send again from another point; events keep their ids",
            func=lazy_load_command(f"{_ACTIONS}.replay_subscription"),
            args=(ARG_SUBSCRIPTION, ARG_REPLAY_START, *FROM_ANYWHERE),
        ),
        ActionCommand(
            name="rotate-secret",
            help="Sign with a new secret, and for a while with the one before, too",
            func=lazy_load_command(f"{_ACTIONS}.rotate_secret"),
            args=(ARG_SUBSCRIPTION, ARG_KEEP, *FROM_ANYWHERE),
        ),
        ActionCommand(
            name="remove",
            help="End a subscription",
            func=lazy_load_command(f"{_ACTIONS}.remove_subscription"),
            args=(ARG_SUBSCRIPTION, *FROM_ANYWHERE),
        ),
    ),
)
