"""Run a classic operator that a compensation returned, in the relay's own process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from airflow.sdk.exceptions import DownstreamTasksSkipped

from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.steps.control_flow import UNFINISHED

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


def run_undo_operator(operator: BaseOperator, context: Context, extra: Mapping[str, object]) -> None:
    """Render the operator's templates and run it. Its return value is ignored; its exceptions pass through.

    :param context: the relay's context, to which ``extra`` is added (``output`` and ``compensation``).
    :raises InvalidDag: the operator defers, reschedules itself, or acts after its execute() has returned. The relay
        must know when the compensation is done.
    """
    rendered = cast("Context", {**context, **extra})
    operator.render_template_fields(rendered)
    operator.pre_execute(rendered)
    try:
        result = operator.execute(rendered)
    except DownstreamTasksSkipped:  # a branch or a short circuit: it is done, and has no downstream tasks here
        result = None
    except UNFINISHED as waiting:
        raise InvalidDag(
            f"The compensation returned {type(operator).__name__} {operator.task_id}, which raised "
            f"{type(waiting).__name__}. It cannot run in the relay, which must know when the undo is done.",
            'Use deferrable=False, or mode="poke" for a sensor. To trigger a run, do so in the function itself.',
        ) from waiting
    operator.post_execute(rendered, result)
