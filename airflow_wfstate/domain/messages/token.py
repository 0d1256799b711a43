"""A token: a secret with which an external partner can end one wait of a step, once, with an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.wait import RegisteredWait


@dataclass(frozen=True)
class CreateToken:
    """An attempt's request for a token for a wait of its round.

    A round has one wait per name. Each attempt may create its own token for it. All of them end the same wait, and
    expire with it.

    :param attempt_key: from :class:`~airflow_wfstate.domain.messages.step.BegunStep`.
    :param write: as for :class:`~airflow_wfstate.domain.messages.step.SaveCheckpoint`.
    :param name: name of the wait.
    :param sha256: hash of the token's text. The store never sees the text itself until someone uses it.
    :param expires_seconds: maximum length of the wait, counted from its first token.
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

    :param write: number of the write.
    :param wait: the current wait. If it has ended, no token was created.
    """

    step_id: str
    attempt: int
    write: int
    wait: RegisteredWait


@dataclass(frozen=True)
class TokenAccepted:
    """The answer to the use of a token.

    :param accepted: always true.
    """

    accepted: bool = True


CREATE_TOKEN: Final = Operation(
    name="create_token",
    method="POST",
    path="/steps/token",
    request=CreateToken,
    answer=CreatedToken,
    says="Create a token with which an external partner can end a wait of the step.",
    who=Who.ATTEMPT,
    tag="waits",
)
