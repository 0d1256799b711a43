"""Why a workflow was ended before its time, as its error and its undos are told."""

from __future__ import annotations

from typing import Final

_DEEDS: Final = {"cancel": "Cancelled by", "compensate": "Undone at the request of"}


def end_reason(by: str, actor: str, reason: str | None, *, earlier_error: str | None) -> str:
    """The error of a workflow that was ended, in one or two sentences.

    :param by: ``cancel`` and ``compensate`` for what a person asked for; else who did it by itself (``deadline``,
        ``terminate``), and ``reason`` is the whole sentence, without its full stop.
    :param actor: who did it, as the journal names it: ``user:name`` or ``cli:name``.
    :param reason: a person's words; None when none were given.
    :param earlier_error: why it had failed before; None when it had not.
    """
    if by in _DEEDS:
        kind, _, name = actor.partition(":")
        text = f"{_DEEDS[by]} {name if kind in ('user', 'cli') and name else actor}"
        text = text if not reason else f"{text}: {reason}"
    else:
        text = (reason or by)[:1].upper() + (reason or by)[1:]
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    return text if earlier_error is None else f"{text} Before that: {earlier_error}"
