"""A token: a secret that lets somebody outside end exactly one wait of a step, once, with an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.wait import RegisteredWait


@dataclass(frozen=True)
class CreateToken:
    """The request of an attempt for a token of a wait of its round.

    A round has one wait under each name. Each attempt may make a token of its own for it; all of them end the same
    wait, and all expire with it.

    :param attempt_key: from :class:`~airflow_wfstate.domain.messages.step.BegunStep`.
    :param write: as for :class:`~airflow_wfstate.domain.messages.step.SaveCheckpoint`.
    :param name: of the wait.
    :param sha256: of the token's text. The store never gets the text itself before somebody uses it.
    :param expires_seconds: how long the wait takes at most, counted from its first token.
    :param idempotency_key: as for :class:`~airflow_wfstate.domain.messages.step.SaveCheckpoint`.
    """

    attempt_key: str
    write: int
    name: str
    sha256: str
    expires_seconds: float
    idempotency_key: str | None = None


@dataclass(frozen=True)
class CreatedToken:
    """The answer to a :class:`CreateToken`.

    :param write: its number.
    :param wait: how the wait stands. When it has ended, no token was made.
    """

    step_id: str
    attempt: int
    write: int
    wait: RegisteredWait


@dataclass(frozen=True)
class TokenAccepted:
    """The answer to whoever uses a token.

    :param accepted: always true.
    """

    accepted: bool = True


CREATE_TOKEN: Final = Operation(
    name="create_token",
    method="POST",
    path="/steps/token",
    request=CreateToken,
    answer=CreatedToken,
    says="Make a token by which somebody outside ends a wait of the step.",
    who=Who.ATTEMPT,
    tag="waits",
)
