"""A token as a step hands it out, and waits for its use."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow_wfstate import conf
from airflow_wfstate.operators.steps.wait import output_of

if TYPE_CHECKING:
    from airflow_wfstate.operators.steps.attempt import Attempt

DEFAULT_EXPIRY: Final = timedelta(days=1)
"""How long a wait for a token takes at most, unless its author says otherwise."""


class Token:
    """What somebody outside needs to end one wait of a step, once; made by ``step.token()``.

    :param attempt: that makes it.
    :param name: of the wait.
    :param expires: from the wait's first token on.
    """

    def __init__(self, attempt: Attempt, name: str, expires: timedelta) -> None:
        # 256 bits, made here: the store learns the hash, and the text first from who uses it.
        self._text = secrets.token_urlsafe(32)
        self._name = name
        self._conn_id = attempt.conn_id
        self._wait = attempt.create_token(name, hashlib.sha256(self._text.encode()).hexdigest(), expires)

    @property
    def url(self) -> str:
        """Where a POST with a JSON body ends the wait with that body as the answer. Whoever has it may do so: no login.

        It begins with ``[wfstate] callback_url``. Sent again with the same body it is accepted again.
        """
        return f"{conf.callback_url()}/wfstate/v1/tokens/{self._text}"

    @property
    def text(self) -> str:
        """The last part of :attr:`url`, for partners that have the rest."""
        return self._text

    def wait(self) -> Any:
        """What was sent with the token: the JSON body, as Python has it.

        While nobody has sent anything, this raises Airflow's ``TaskDeferred``, which must not be caught: the task waits
        in the triggerer, and takes no worker slot. Then **the function runs again from its start**, and this returns;
        so whatever stands before it and must not happen twice goes into ``step.once()``.

        :raises WaitTimedOut: nobody used the token in time. The step fails with it, and is not retried.
        """
        return output_of(
            self._wait,
            self._conn_id,
            "Find out why the partner has not answered; a resume of the workflow waits once more.",
        )

    def __repr__(self) -> str:
        """Without the secret: it may stand in a log."""
        return f"<Token {self._name!r}>"
