"""Why a workflow was cancelled or compensated, for its error and its compensations."""

from __future__ import annotations

from typing import Final

_DEEDS: Final = {"cancel": "Cancelled by", "compensate": "Undone at the request of"}


def end_reason(by: str, actor: str, reason: str | None, *, earlier_error: str | None) -> str:
    """The error of a workflow that was ended early, in one or two sentences.

    :param by: ``cancel`` or ``compensate`` for a user's request; otherwise what caused it (``deadline``,
        ``terminate``), and ``reason`` is then the whole sentence without a full stop.
    :param actor: who did it, in the journal's form: ``user:name`` or ``cli:name``.
    :param reason: the user's reason; None if none was given.
    :param earlier_error: the error with which it had failed earlier; None if it had not.
    """
    if by in _DEEDS:
        kind, _, name = actor.partition(":")
        text = f"{_DEEDS[by]} {name if kind in ('user', 'cli') and name else actor}"
        text = text if not reason else f"{text}: {reason}"
    else:
        text = (reason or by)[:1].upper() + (reason or by)[1:]
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    return text if earlier_error is None else f"{text} Before that: {earlier_error}"
