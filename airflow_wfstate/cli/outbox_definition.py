"""The commands of the outbox; imported whenever ``airflow`` starts, like ``definition.py``."""

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
    help="Repeat the pass with this many seconds in between, until SIGINT or SIGTERM (default: one pass)",
)
ARG_SUBSCRIPTION: Final = Arg(("subscription",), metavar="NAME", help="The subscription's name, or its id")
ARG_NEW_NAME: Final = Arg(("name",), metavar="NAME", help="A unique name for the subscription")
ARG_URL: Final = Arg(("url",), metavar="URL", help="Where to send events, over https")
ARG_NAMES: Final = Arg(
    ("--name",),
    dest="names",
    action="append",
    default=[],
    metavar="NAME",
    help="Only workflows with this name; may be repeated (default: all)",
)
ARG_STATES: Final = Arg(
    ("--state",),
    dest="states",
    action="append",
    default=[],
    metavar="STATE",
    completer=completers.STATE,
    help="Only when a workflow enters this state; may be repeated, or a comma-separated list",
)
ARG_LABELS: Final = Arg(
    ("--label",),
    dest="labels",
    action="append",
    default=[],
    metavar="NAME=VALUE",
    help="Only workflows with this label; if repeated, only workflows with all of them",
)
ARG_KINDS: Final = Arg(
    ("--kind",),
    dest="kinds",
    action="append",
    default=[],
    metavar="KIND",
    help="Only journal entries of this kind, such as step.failed; may be repeated (default: all except run.linked "
    "and turn.given)",
)
ARG_REQUESTS_ONLY: Final = Arg(
    ("--requests-only",),
    action="store_true",
    help="Send no changes, only requests to a service to undo its steps; these pass every filter",
)
_POINT: Final = "now, beginning, a time (2026-03-01T12:00:00+00:00, or how long ago, such as 2h), or an event's id"
ARG_START: Final = Arg(("--from",), dest="start", default="now", help=f"Where to begin: {_POINT} (default: now)")
ARG_REPLAY_START: Final = Arg(("--from",), dest="start", required=True, help=f"Where to begin: {_POINT}")
ARG_SUBSCRIPTION_REASON: Final = Arg(("--reason",), help="The reason, shown in the list")
ARG_KEEP: Final = Arg(
    ("--keep",),
    metavar="DURATION",
    default="1d",
    help="How long the previous secret also signs: 90s, 30m, 2h, 1d or 4w, or 0 (default: 1d)",
)

DELIVER: Final = ActionCommand(
    name="deliver",
    help="Deliver webhooks to subscribers, in a separate process beside the api-server",
    func=lazy_load_command("airflow_wfstate.cli.commands.deliver.deliver"),
    args=(ARG_DELIVER_EVERY, ARG_OUTPUT, ARG_VERBOSE),
)

SUBSCRIPTIONS: Final = GroupCommand(
    name="subscriptions",
    help="Send changes of workflows and steps to webhooks",
    description="Each change of a workflow or a step is sent to subscribers as a CloudEvent.",
    subcommands=(
        ActionCommand(
            name="add",
            help="Subscribe a webhook, and print the secret with which it verifies deliveries; it is shown only once",
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
            help="List subscriptions with their state, what is waiting, and the receiver's last answer",
            func=lazy_load_command(f"{_ACTIONS}.list_subscriptions"),
            args=FROM_ANYWHERE,
        ),
        ActionCommand(
            name="show",
            help="Show a subscription, and the workflows with an event that its receiver refused",
            func=lazy_load_command(f"{_ACTIONS}.show_subscription"),
            args=(ARG_SUBSCRIPTION, *FROM_ANYWHERE),
        ),
        ActionCommand(
            name="pause",
            help="Stop sending for now; nothing is lost",
            func=lazy_load_command(f"{_ACTIONS}.pause_subscription"),
            args=(ARG_SUBSCRIPTION, ARG_SUBSCRIPTION_REASON, *FROM_ANYWHERE),
        ),
        ActionCommand(
            name="continue",
            help="Resume sending after a pause or after the receiver was unavailable, including parked deliveries",
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
            help="Sign with a new secret, and for a while also with the previous one",
            func=lazy_load_command(f"{_ACTIONS}.rotate_secret"),
            args=(ARG_SUBSCRIPTION, ARG_KEEP, *FROM_ANYWHERE),
        ),
        ActionCommand(
            name="remove",
            help="Remove a subscription",
            func=lazy_load_command(f"{_ACTIONS}.remove_subscription"),
            args=(ARG_SUBSCRIPTION, *FROM_ANYWHERE),
        ),
    ),
)
