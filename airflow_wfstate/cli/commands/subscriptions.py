"""``airflow wfstate subscriptions``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.arguments import parse_choices, parse_duration, parse_since
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.commands.person import actor
from airflow_wfstate.cli.printing.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_rows,
    print_section,
    print_text,
    short_time,
    shortened,
)
from airflow_wfstate.domain.messages.outbox.change_subscription import (
    AddSubscription,
    ContinueSubscription,
    PauseSubscription,
    RemoveSubscription,
    ReplaySubscription,
    RotateSecret,
    SubscriptionSecret,
)
from airflow_wfstate.domain.messages.outbox.subscription import (
    Answered,
    Subscription,
    SubscriptionFilter,
    WaitingDeliveries,
)
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.labels import parse_labels
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.webhooks.stream_point import parse_stream_point
from airflow_wfstate.exceptions import InvalidRequest, NotFound


@command
def add_subscription(arguments: Namespace, store: StateBackend) -> None:
    """Add a subscription, and print its secret."""
    request = AddSubscription(
        name=arguments.name,
        url=arguments.url,
        names=arguments.names,
        states=parse_choices(WorkflowState, arguments.states),
        labels=parse_labels(arguments.labels),
        kinds=parse_choices(EntryKind, arguments.kinds),
        requests_only=arguments.requests_only,
        start=_point(arguments.start),
        actor=actor(),
    )
    request.check()
    _print_secret(store.add_subscription(request), arguments.output)


@command
def list_subscriptions(arguments: Namespace, store: StateBackend) -> None:
    """Print all subscriptions, by name."""
    found = store.list_subscriptions()
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(found.subscriptions), arguments.output)
    else:
        print_rows([_row(subscription) for subscription in found.subscriptions], arguments.output)


@command
def show_subscription(arguments: Namespace, store: StateBackend) -> None:
    """Print a subscription and its waiting deliveries."""
    subscription = _find(arguments.subscription, store)
    waiting = store.list_waiting_deliveries(subscription.id)
    if arguments.output in PROGRAM_FORMATS:
        shown = {"subscription": as_json(subscription), "waiting": as_json(waiting)}
        print_for_programs(shown, arguments.output)
        return
    print_section("Subscription", [_row(subscription)], arguments.output)
    if subscription.paused_because is not None:
        print_text(subscription.paused_because)
    print_section("Refused", list(_waiting_rows(waiting)), arguments.output)
    if waiting.total > len(waiting.deliveries):
        print_text(f"These are {len(waiting.deliveries)} of {waiting.total}.", is_error=True)


@command
def pause_subscription(arguments: Namespace, store: StateBackend) -> None:
    """Pause a subscription."""
    subscription_id = _find(arguments.subscription, store).id
    _print(store.pause_subscription(PauseSubscription(subscription_id, arguments.reason, actor())), arguments.output)


@command
def continue_subscription(arguments: Namespace, store: StateBackend) -> None:
    """Resume the deliveries of a subscription."""
    subscription_id = _find(arguments.subscription, store).id
    _print(store.continue_subscription(ContinueSubscription(subscription_id, actor())), arguments.output)


@command
def replay_subscription(arguments: Namespace, store: StateBackend) -> None:
    """Deliver a subscription from another point."""
    point, subscription_id = _point(arguments.start), _find(arguments.subscription, store).id
    _print(store.replay_subscription(ReplaySubscription(subscription_id, point, actor())), arguments.output)


@command
def rotate_secret(arguments: Namespace, store: StateBackend) -> None:
    """Replace the secret of a subscription, and print the new one."""
    request = RotateSecret(_find(arguments.subscription, store).id, _seconds(arguments.keep), actor=actor())
    _print_secret(store.rotate_secret(request), arguments.output)


@command
def remove_subscription(arguments: Namespace, store: StateBackend) -> None:
    """Remove a subscription."""
    removed = store.remove_subscription(RemoveSubscription(_find(arguments.subscription, store).id, actor()))
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(removed), arguments.output)
    else:
        print_text(f"Removed the subscription {removed.name}.")


def _find(text: str, store: StateBackend) -> Subscription:
    """The subscription with this name or id.

    :raises NotFound: there is no such subscription.
    """
    for subscription in store.list_subscriptions().subscriptions:
        if text in (subscription.name, subscription.id):
            return subscription
    raise NotFound(f"There is no subscription {text[:250]!r}.", "List them with: airflow wfstate subscriptions list")


def _point(text: str) -> str:
    """A point in the form that the store expects: "how long ago" is converted to a time."""
    try:
        parse_stream_point(text)
    except InvalidRequest:
        try:
            return parse_since(text, datetime.now(timezone.utc)).isoformat()
        except InvalidRequest:
            pass
        raise
    return text


def _seconds(text: str) -> int:
    return 0 if text.strip() == "0" else int(parse_duration(text).total_seconds())


def _print(subscription: Subscription, output: str) -> None:
    if output in PROGRAM_FORMATS:
        print_for_programs(as_json(subscription), output)
    else:
        print_rows([_row(subscription)], output)


def _print_secret(answer: SubscriptionSecret, output: str) -> None:
    if output in PROGRAM_FORMATS:
        print_for_programs(as_json(answer), output)
        return
    print_rows([_row(answer.subscription)], output)
    print_text(f"Secret: {answer.secret}")
    print_text("It is not shown again. Give it to the receiver, which uses it to verify deliveries.", is_error=True)


def _row(subscription: Subscription) -> Mapping[str, object]:
    return {
        "name": subscription.name,
        "state": subscription.state.value,
        "url": shortened(subscription.url, 60),
        "wanted": _wanted(subscription.wanted),
        "parked": subscription.parked,
        "retried": subscription.retried,
        "last_delivered_at": short_time(subscription.last_delivered_at),
        "last_refusal": _refusal(subscription.last_refusal),
    }


def _wanted(wanted: SubscriptionFilter) -> str:
    parts = [
        *(f"name={name}" for name in wanted.names),
        *(f"state={state.value}" for state in wanted.states),
        *(f"label={name}={value}" for name, value in wanted.labels.items()),
        *(f"kind={kind.value}" for kind in wanted.kinds),
    ]
    return "requests only" if wanted.requests_only else " ".join(parts) or "all"


def _refusal(refusal: Answered | None) -> str:
    if refusal is None:
        return ""
    text = shortened(refusal.text.replace("\n", " "), 80)
    return text if refusal.status is None else f"{refusal.status} {text}".rstrip()


def _waiting_rows(waiting: WaitingDeliveries) -> Iterator[Mapping[str, object]]:
    for delivery in waiting.deliveries:
        yield {
            "workflow": f"{delivery.name}/{delivery.key}",
            "event": delivery.event_id,
            "attempts": delivery.attempts,
            "since": short_time(delivery.since),
            "next_try_at": "parked" if delivery.next_try_at is None else short_time(delivery.next_try_at),
            "last_refusal": _refusal(delivery.last_refusal),
        }
