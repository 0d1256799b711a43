"""Attempt keys prove that a write comes from the attempt that the store began.

``v1.<kind>.<workflow>.<step>.<number>.<round>.<task instance>.<mac>``; the MAC is HMAC-SHA256 (RFC 2104) over the text
before it, keyed with the workflow's secret.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Final

from airflow_wfstate.exceptions import InvalidAttemptKey

STEP: Final = "step"
COMPENSATION: Final = "compensation"

_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FORM: Final = re.compile(
    rf"v1\.(?P<kind>{STEP}|{COMPENSATION})\.(?P<workflow>{_UUID})\.(?P<step>{_UUID})\.(?P<attempt>[0-9]{{1,10}})"
    rf"\.(?P<round>[0-9]{{1,10}})\.(?P<task_instance>{_UUID})\.(?P<mac>[0-9a-f]{{64}})"
)


@dataclass(frozen=True)
class AttemptKey:
    """The content of a key. Trust it only after :func:`verify`.

    :param kind: :data:`STEP` or :data:`COMPENSATION`.
    :param attempt: number of the step's or the compensation's attempt.
    """

    kind: str
    workflow_id: str
    step_id: str
    attempt: int
    round: int
    task_instance_id: str
    mac: str = ""

    def body(self) -> str:
        """The text that the MAC covers."""
        return f"v1.{self.kind}.{self.workflow_id}.{self.step_id}.{self.attempt}.{self.round}.{self.task_instance_id}"


def issue(key: AttemptKey, secret: str) -> str:
    """Return the text of a key, signed with its workflow's secret."""
    return f"{key.body()}.{_mac(key, secret)}"


def parse(text: str, kind: str = STEP) -> AttemptKey:
    """Parse a key without verifying it.

    :raises InvalidAttemptKey: the text does not have the form of a key of this kind.
    """
    found = _FORM.fullmatch(text)
    if found is None or found["kind"] != kind or max(int(found["attempt"]), int(found["round"])) >= 2**31:
        raise InvalidAttemptKey("The attempt key is malformed.", "Send the key returned by the begin.")
    return AttemptKey(
        kind,
        found["workflow"],
        found["step"],
        int(found["attempt"]),
        int(found["round"]),
        found["task_instance"],
        found["mac"],
    )


def verify(key: AttemptKey, secret: str) -> None:
    """Check that the key was issued with this secret.

    :raises InvalidAttemptKey: it was not.
    """
    if not hmac.compare_digest(_mac(key, secret).encode(), key.mac.encode()):
        raise InvalidAttemptKey(
            f"The attempt key for step {key.step_id} was not issued by this store.",
            "Send the key returned by the begin.",
        )


def _mac(key: AttemptKey, secret: str) -> str:
    return hmac.digest(bytes.fromhex(secret), key.body().encode(), "sha256").hex()
