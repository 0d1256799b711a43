"""Token: a one-time URL that a step gives to an external partner, whose answer it waits for."""

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
"""The default maximum length of a wait for a token."""


class Token:
    """Lets an external partner end one wait of a step, once; created by ``step.token()``.

    :param attempt: the attempt that creates it.
    :param name: name of the wait.
    :param expires: maximum length of the wait, counted from its first token.
    """

    def __init__(self, attempt: Attempt, name: str, expires: timedelta) -> None:
        # 256 bits, generated here: the store only gets the hash, and sees the text when someone uses it.
        self._text = secrets.token_urlsafe(32)
        self._name = name
        self._conn_id = attempt.conn_id
        self._wait = attempt.create_token(name, hashlib.sha256(self._text.encode()).hexdigest(), expires)

    @property
    def url(self) -> str:
        """A POST with a JSON body to this URL ends the wait, with the body as the answer. It needs no login.

        Anyone who has the URL can use it. It begins with ``[wfstate] callback_url``. The same body is accepted again if
        it is sent again.
        """
        return f"{conf.callback_url()}/wfstate/v1/tokens/{self._text}"

    @property
    def text(self) -> str:
        """The last part of :attr:`url`, for partners that already know the rest."""
        return self._text

    def wait(self) -> Any:
        """Return the JSON body that was sent with the token, as a Python value.

        Until something is sent, this raises Airflow's ``TaskDeferred``, which you must not catch. The task waits in the
        triggerer and takes no worker slot. Then **the function runs again from its start**, and this call returns. Wrap
        everything before it that must not happen twice in ``step.once()``.

        :raises WaitTimedOut: nobody used the token in time. The step fails with this error and is not retried.
        """
        return output_of(
            self._wait,
            self._conn_id,
            "Find out why the partner has not answered. Resume the workflow to wait again.",
        )

    def __repr__(self) -> str:
        """Leaves out the secret, because the text may end up in a log."""
        return f"<Token {self._name!r}>"
