"""Hash the content of an attempt's write, to tell a repeated write from another process's write."""

from __future__ import annotations

import hashlib
import json

from airflow_wfstate.domain.messages.record import SaveRecord
from airflow_wfstate.domain.messages.step import EndAttempt, LinkChildRun, SaveCheckpoint
from airflow_wfstate.domain.messages.token import CreateToken
from airflow_wfstate.exceptions import WriteConflict

AttemptWrite = SaveCheckpoint | SaveRecord | EndAttempt | LinkChildRun | CreateToken


def content_sha256(write: AttemptWrite) -> str:
    """The hash of the write's kind and content."""
    return hashlib.sha256(json.dumps(_content(write), ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def _content(write: AttemptWrite) -> list[object]:
    kind = type(write).__name__
    if isinstance(write, SaveCheckpoint):
        return [kind, write.name, write.value.type, write.value.sha256]
    if isinstance(write, SaveRecord):
        return [kind, write.name, write.value.type, write.value.sha256, write.is_error]
    if isinstance(write, CreateToken):
        return [kind, write.name, write.sha256, write.expires_seconds]
    if isinstance(write, LinkChildRun):
        return [kind, write.dag_id, write.run_id]
    output = None if write.output is None else [write.output.type, write.output.sha256]
    return [kind, write.state.value, output, write.error]


def check_repetition(step: str, write: AttemptWrite, last_write: int, last_write_sha256: str | None) -> None:
    """Check that a write whose number was already applied is a repetition of the last one.

    :param step: the step's name for users.
    :param last_write: number of the attempt's last applied write; not below that of ``write``.
    :param last_write_sha256: hash of that write; None when it was made before revision 0007, which kept no hash.
    :raises WriteConflict: it is not a repetition.
    """
    if write.write < last_write:
        raise WriteConflict(
            f"Write {write.write} of step {step} is superseded by write {last_write}; nothing was changed.",
            "It was sent long ago or by a second process; only the process that began the attempt may write for it.",
        )
    if last_write_sha256 is not None and last_write_sha256 != content_sha256(write):
        raise WriteConflict(
            f"Write {write.write} of step {step} was already applied with other content.",
            "Two processes write for one attempt: let only one of them write, and pass it the results of the other.",
        )
