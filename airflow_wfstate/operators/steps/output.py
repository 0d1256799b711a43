"""Check whether the output of a step can become an Airflow XCom.

The store keeps NaN, infinities, U+0000, lone surrogates and integers of any size. XCom does not: a task's process sends
XComs to its supervisor as MessagePack, whose integers have 64 bits; the supervisor sends them on as plain JSON in
UTF-8; and PostgreSQL stores them as jsonb. On Airflow 3.3.2, a task that pushes one of these values fails (U+0000
passes on SQLite). The same happens here: nothing else is pushed in place of the value. The step itself has succeeded,
so a retry does not execute it again, and its compensation gets the value.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from airflow_wfstate.domain.rules.payload import Payload

_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 in a JSON text, not preceded by an escaped backslash."""

WHAT_XCOM_REFUSES: Final = (
    "it contains NaN, an infinity, U+0000, a lone surrogate or an integer of more than 64 bits, or is of a type that "
    "Airflow does not serialise"
)


def tell_what_xcom_refuses(operator: BaseOperator, output: object, payload: Payload) -> None:
    """Log why the push that follows will fail, and what to do about it.

    :param output: the output that the step has stored and that the task returns to Airflow.
    """
    if operator.do_xcom_push and not fits_xcom(output):
        operator.log.error(
            "The step has succeeded and its output (%s) is stored, but Airflow's XCom cannot hold it: %s. The task "
            "therefore fails, as any task would; a retry does not execute the step again. If no task needs the XCom, "
            "set do_xcom_push=False; the store keeps the output. Otherwise return another value (None instead of "
            "NaN), and run the step again with: airflow wfstate restart",
            payload.type,
            WHAT_XCOM_REFUSES,
        )


def fits_xcom(value: object) -> bool:
    """Whether Airflow can push the value on every database that it supports."""
    # Imported only when needed, because they load Airflow's serialisers and message encoder.
    import msgspec
    from airflow.sdk.serde import serialize

    try:
        plain = serialize(value)
        msgspec.msgpack.encode(plain)  # from the task's process to its supervisor
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        text.encode()  # a lone surrogate cannot be encoded
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return False
    return _NUL.search(text) is None
