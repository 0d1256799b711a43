"""Tokens that were valid a moment ago are remembered for one second, and no longer."""

from __future__ import annotations

from airflow_wfstate.api.kept_tokens import KEPT_SECONDS, KeptTokens


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_token_is_kept_from_when_its_check_began() -> None:
    clock = Clock()
    kept: KeptTokens[str] = KeptTokens(clock)
    checked_at = kept.now()
    clock.seconds += KEPT_SECONDS / 2  # the check takes its time
    kept.keep("token", "ann", checked_at)

    assert kept.find("token") == "ann"
    assert kept.find("another token") is None
    clock.seconds = checked_at + KEPT_SECONDS
    assert kept.find("token") is None


def test_the_oldest_of_too_many_tokens_is_forgotten() -> None:
    kept: KeptTokens[int] = KeptTokens(Clock())
    for number in range(1001):
        kept.keep(f"token {number}", number, kept.now())

    assert kept.find("token 0") is None
    assert kept.find("token 1") == 1
    assert kept.find("token 1000") == 1000
