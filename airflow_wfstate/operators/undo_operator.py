"""A classic operator that a compensation returned: rendered and run in the relay's own process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from airflow.sdk.exceptions import TaskDeferred

from airflow_wfstate.exceptions import InvalidDag

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


def run_undo_operator(operator: BaseOperator, context: Context, extra: Mapping[str, object]) -> None:
    """Render the operator's templates and run it. What it returns is thrown away, what it raises passes through.

    :param context: of the relay; ``extra`` is added to it (``output`` and ``compensation``).
    :raises InvalidDag: the operator is deferrable, or defers: the relay must know when the undo is done.
    """
    if getattr(operator, "deferrable", False):
        raise _refusal(operator)
    rendered = cast("Context", {**context, **extra})
    operator.render_template_fields(rendered)
    operator.pre_execute(rendered)
    try:
        result = operator.execute(rendered)
    except TaskDeferred as deferral:
        raise _refusal(operator) from deferral
    operator.post_execute(rendered, result)


def _refusal(operator: BaseOperator) -> InvalidDag:
    return InvalidDag(
        f"The compensation returned {type(operator).__name__} {operator.task_id}, which is deferrable: it cannot run "
        "in the relay.",
        "Give it deferrable=False.",
    )
