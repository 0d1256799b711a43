"""What a step leaves in Airflow besides its return value: XComs that it pushes, and its asset events.

This is saved as a checkpoint of the round, :data:`~airflow_wfstate.domain.messages.step.LEFT_BEHIND`. A task that gets
the stored output leaves it again. Otherwise consumers of its assets would get events without ``extra``, and an XCom
pull by key would find nothing.

Two things are not covered, because Airflow's own objects do not expose them: XComs set with ``XCom.set`` instead of the
task instance's ``xcom_push``, and whatever an operator leaves after ``execute`` (``post_execute``, extra links).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from airflow_wfstate.backends.codec import decode
from airflow_wfstate.domain.messages.step import LEFT_BEHIND
from airflow_wfstate.exceptions import InvalidRequest, WorkflowClosed

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_wfstate.domain.rules.payload import Payload
    from airflow_wfstate.operators.steps.attempt import Attempt


class LeftBehind:
    """What an attempt leaves behind.

    :param attempt: the attempt. If it has waited, it continues with what it has pushed since its begin.
    """

    def __init__(self, attempt: Attempt, context: Context) -> None:
        self._attempt = attempt
        self._context = context
        self._kept = attempt.begun.checkpoints.get(LEFT_BEHIND)
        goes_on = attempt.begun.writes_applied > 0 and self._kept is not None
        before: Any = decode(self._kept) if goes_on and self._kept is not None else {}
        self._xcoms: dict[str, object] = dict(before.get("xcoms", {}))

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Record what the task instance pushes inside this context."""
        ti = self._context["ti"]
        push, push_async = getattr(ti, "xcom_push", None), getattr(ti, "axcom_push", None)

        def xcom_push(key: str, value: Any) -> None:
            if push is not None:
                push(key=key, value=value)
            self._xcoms[key] = value

        async def axcom_push(key: str, value: Any) -> None:
            if push_async is not None:
                await push_async(key=key, value=value)
            self._xcoms[key] = value

        # Set on the instance, bypassing the checks of its pydantic class, and removed afterwards.
        before = dict(vars(ti))
        object.__setattr__(ti, "xcom_push", xcom_push)
        object.__setattr__(ti, "axcom_push", axcom_push)
        try:
            yield
        finally:
            for name in ("xcom_push", "axcom_push"):
                if name in before:
                    object.__setattr__(ti, name, before[name])
                else:
                    object.__delattr__(ti, name)

    def keep(self, operator: BaseOperator) -> None:
        """Save it with the round before the attempt succeeds or waits. Most attempts have nothing to save."""
        left: dict[str, object] = {"xcoms": self._xcoms, "outlet_events": _outlet_events(self._context)}
        kept = None if self._kept is None else decode(self._kept)
        if left == kept or (kept is None and not any(left.values())):
            return
        try:
            self._attempt.save_checkpoint(LEFT_BEHIND, left)
        except (InvalidRequest, WorkflowClosed) as error:
            # The step's work still counts.
            operator.log.warning(
                "The step's own XComs and asset events could not be saved: %s "
                "A task that gets the stored output of this step will not leave them again.",
                error,
            )


def leave_again(context: Context, payload: Payload | None) -> None:
    """Push and emit again what the round left, in a task that gets its stored output.

    :param payload: the value of the checkpoint; None if the round left nothing.
    """
    if payload is None:
        return
    left = cast("Mapping[str, Any]", decode(payload))
    for key, value in left["xcoms"].items():
        context["ti"].xcom_push(key=key, value=value)
    # Imported only when needed: few steps have outlets.
    from airflow.sdk import Asset, AssetAlias

    for event in left["outlet_events"]:
        if "alias" in event:
            accessor = context["outlet_events"][AssetAlias(name=event["alias"])]
            for added in event["added"]:
                asset = Asset(name=added["name"], uri=added["uri"], extra=added["asset_extra"])
                accessor.add(asset, extra=added["extra"])
            continue
        accessor = context["outlet_events"][Asset(name=event["name"], uri=event["uri"])]
        accessor.extra = event["extra"]
        if event["partition_keys"]:
            accessor.partition_keys.update(event["partition_keys"])


def _outlet_events(context: Context) -> list[dict[str, object]]:
    """The task's asset events, by outlet."""
    events: Any = context.get("outlet_events") or {}
    found: list[dict[str, object]] = []
    for outlet in events:
        accessor = events[outlet]
        if accessor.asset_alias_events:
            added = [
                {
                    "name": event.dest_asset_key.name,
                    "uri": event.dest_asset_key.uri,
                    "asset_extra": event.dest_asset_extra,
                    "extra": event.extra,
                }
                for event in accessor.asset_alias_events
            ]
            found.append({"alias": outlet.name, "added": added})
            continue
        partition_keys = sorted(getattr(accessor, "partition_keys", ()))  # Airflow 3.2 has none
        if accessor.extra or partition_keys:
            said = {"name": outlet.name, "uri": outlet.uri, "extra": accessor.extra, "partition_keys": partition_keys}
            found.append(said)
    return found
