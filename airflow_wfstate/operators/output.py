"""The output of a step on its way into Airflow's XCom."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from airflow_wfstate.domain.payload import Payload
    from airflow_wfstate.domain.step import BegunStep

REFERENCE_KEY: Final = "wfstate_output"
"""The only key of the reference that takes the place of an output that XCom cannot hold."""

_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 in a JSON text; a backslash that is itself escaped does not begin it."""


def for_xcom(operator: BaseOperator, begun: BegunStep, output: object, payload: Payload) -> object:
    """What the task returns to Airflow: the output, or a reference to it when XCom cannot hold it.

    The store keeps NaN, the infinities, U+0000 and lone surrogates. Airflow sends XComs as plain JSON in UTF-8 and
    keeps them as jsonb on PostgreSQL, which take none of them: the task would fail after its step has succeeded.

    :returns: the output, or ``{"wfstate_output": {"workflow_id", "step_id", "type", "sha256", "size"}}``.
    """
    if not operator.do_xcom_push or _fits(output):
        return output
    operator.log.warning(
        "The output of the step (%s) is stored, but XCom cannot hold it: it has NaN, an infinity, U+0000, a lone "
        "surrogate, or a type that Airflow does not serialise. A reference to it is pushed instead.",
        payload.type,
    )
    return {
        REFERENCE_KEY: {
            "workflow_id": begun.workflow.id,
            "step_id": begun.step_id,
            "type": payload.type,
            "sha256": payload.sha256,
            "size": payload.size,
        }
    }


def _fits(output: object) -> bool:
    # Imported when needed: it loads Airflow's serialisers.
    from airflow.sdk.serde import serialize

    try:
        text = json.dumps(serialize(output), ensure_ascii=False, allow_nan=False)
        text.encode()  # a lone surrogate has no UTF-8
    except (TypeError, ValueError, AttributeError, RecursionError):
        return False
    return _NUL.search(text) is None
