"""A classic operator that a compensation returned: rendered and run in the relay's own process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from airflow.sdk.exceptions import DownstreamTasksSkipped

from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.control_flow import UNFINISHED

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


def run_undo_operator(operator: BaseOperator, context: Context, extra: Mapping[str, object]) -> None:
    """Render the operator's templates and run it. What it returns is thrown away, what it raises passes through.

    :param context: of the relay; ``extra`` is added to it (``output`` and ``compensation``).
    :raises InvalidDag: the operator defers or reschedules itself, or acts when its execute has ended: the relay must
        know when the undo is done.
    """
    rendered = cast("Context", {**context, **extra})
    operator.render_template_fields(rendered)
    operator.pre_execute(rendered)
    try:
        result = operator.execute(rendered)
    except DownstreamTasksSkipped:  # a branch, or a short circuit: it has acted, and nothing is below it
        result = None
    except UNFINISHED as waiting:
        raise InvalidDag(
            f"The compensation returned {type(operator).__name__} {operator.task_id}, which raised "
            f"{type(waiting).__name__}: it cannot run in the relay, which must know when the undo is done.",
            'Give it deferrable=False, a sensor mode="poke"; trigger a run by a call in the function itself.',
        ) from waiting
    operator.post_execute(rendered, result)
