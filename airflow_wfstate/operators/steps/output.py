"""The output of a step on its way into Airflow's XCom.

The store keeps NaN, the infinities, U+0000, lone surrogates and integers of any width. A task's process sends XComs to
its supervisor as MessagePack, whose integers have 64 bits; that sends them on as plain JSON in UTF-8, and PostgreSQL
keeps them as jsonb: tried on 3.3.2, the task that pushes one of them fails (U+0000 passes on SQLite). So it does here,
whatever would have read the XCom: nothing else is pushed in the place of the value. Its step has succeeded: no retry
acts again, and an undo gets the value.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from airflow_wfstate.domain.rules.payload import Payload

_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 in a JSON text; a backslash that is itself escaped does not begin it."""

WHAT_XCOM_REFUSES: Final = (
    "it holds NaN, an infinity, U+0000, a lone surrogate or an integer of more than 64 bits, or is of a type that "
    "Airflow does not serialise"
)


def tell_what_xcom_refuses(operator: BaseOperator, output: object, payload: Payload) -> None:
    """Say in the task's log why the push that follows will fail, and what helps.

    :param output: that the step has stored, and that the task returns to Airflow.
    """
    if operator.do_xcom_push and not fits_xcom(output):
        operator.log.error(
            "The step has succeeded and its output (%s) is stored, but Airflow's XCom cannot hold it: %s. The task "
            "fails for that, as any task would; a retry does not do the step again. If no task needs the XCom, set "
            "do_xcom_push=False: the store keeps the output. Else return something else (a NaN as None), and do the "
            "step again with: airflow wfstate restart",
            payload.type,
            WHAT_XCOM_REFUSES,
        )


def fits_xcom(value: object) -> bool:
    """Whether Airflow can push the value, on every database that it supports."""
    # Imported when needed: they load Airflow's serialisers, and what it sends messages with.
    import msgspec
    from airflow.sdk.serde import serialize

    try:
        plain = serialize(value)
        msgspec.msgpack.encode(plain)  # from the task's process to its supervisor
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        text.encode()  # a lone surrogate has no UTF-8
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return False
    return _NUL.search(text) is None
