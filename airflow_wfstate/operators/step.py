"""Step: what a step's function gets to know about itself, and may tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

from airflow_wfstate.backends.codec import decode
from airflow_wfstate.domain.messages.step import LEFT_BEHIND
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidDag, InvalidName
from airflow_wfstate.operators.steps.once import Call, make_once
from airflow_wfstate.operators.steps.token import DEFAULT_EXPIRY, Token

if TYPE_CHECKING:
    from airflow_wfstate.operators.steps.attempt import Attempt

Result = TypeVar("Result")


class Step:
    """The step that a task is doing, filled into the reserved parameter ``step``.

    :param attempt: the attempt that this process holds.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._tokens: dict[str, Token] = {}
        saved = attempt.begun.checkpoints.items()
        self._checkpoints = {name: decode(payload) for name, payload in saved if name != LEFT_BEHIND}

    @property
    def workflow(self) -> WorkflowRef:
        """The workflow: id, name, key, generation and correlation id (its state is that of the begin)."""
        return self._attempt.begun.workflow

    @property
    def attempt(self) -> int:
        """Number of this attempt, counted through the step's life from 1."""
        return self._attempt.begun.attempt

    @property
    def round(self) -> int:
        """Number of the round from 1: retries share it, a deliberate rerun starts the next."""
        return self._attempt.begun.round

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt of a round: hand it to the outside system."""
        return self._attempt.begun.idempotency_key

    @property
    def cancelled(self) -> bool:
        """Whether this process was told to end: ask now and then in a long step, tidy up, and raise.

        True when the workflow was cancelled, the task was failed or cleared by hand, its ``execution_timeout`` has
        passed, or the worker stops. Airflow looks at its next heartbeat, and kills the process 5 seconds after that.
        A step that raises before is recorded as failed, one that returns as succeeded: it counts as done, also when its
        task was cleared to have it done anew.
        """
        return self._attempt.cancelled

    @property
    def checkpoints(self) -> Mapping[str, object]:
        """By name, the last value saved in this round, by whichever attempt. Read only."""
        return MappingProxyType(self._checkpoints)

    def checkpoint(self, name: str, value: object) -> None:
        """Save a value under a name. When this returns it is durable; later attempts of the round find it.

        :param name: 1 to 250 characters.
        :param value: anything that a step may return.
        :raises InvalidName: the name breaks the rule of names.
        :raises InvalidPayload: the value cannot be stored.
        :raises PayloadTooLarge: it is larger than ``[wfstate] max_payload_bytes``.
        :raises StaleAttempt: a newer attempt has taken over; stop working.
        :raises WorkflowClosed: the workflow has ended or is being compensated; stop working.
        """
        if name == LEFT_BEHIND:
            raise InvalidName(f"The checkpoint name {name!r} is reserved.", "Give another name.")
        self._attempt.save_checkpoint(check_name("checkpoint name", name), value)
        self._checkpoints[name] = value

    def token(self, name: str = "callback", *, expires: timedelta = DEFAULT_EXPIRY) -> Token:
        """A one-time URL for a partner outside, whose answer the step waits for.

        Hand out ``token.url`` inside of :meth:`once`, and return what is made of ``token.wait()``::

            token = step.token(expires=timedelta(days=3))
            step.once("order", place_order, order_id, callback=token.url)
            return token.wait()

        The wait belongs to the round: a retry goes on with it, and neither asks anew nor starts its time over. Each
        attempt has a URL of its own; the first answer by any of them ends the wait.

        :param name: of the wait, where a step has several: 1 to 250 characters.
        :param expires: how long the wait takes at most, counted from the first token of this name in the round; all of
            its tokens expire then. A later attempt that gives another time moves the end.
        :raises InvalidName: the name breaks the rule of names.
        :raises InvalidRequest: the time is not between zero and ten years.
        :raises StaleAttempt: a newer attempt has taken over; stop working.
        :raises WorkflowClosed: the workflow has ended or is being compensated; stop working.
        """
        check_name("token name", name)
        if name not in self._tokens:
            self._tokens[name] = Token(self._attempt, name, expires)
        return self._tokens[name]

    def once(
        self, name: str, function: Callable[..., Result], /, *args: Any, record_errors: bool = False, **kwargs: Any
    ) -> Result:
        """Make a call whose result is recorded: later attempts of the round get the record, and do not call.

        The call is at least once, as every effect: the process may die between the call and its record.

        The function may be async, or return an awaitable: then so does ``once``, and what is recorded is the awaited
        result: ``await step.once("fetch", fetch, url)``. Give the function itself, and await what ``once`` returns.

        :param name: of the call: 1 to 250 characters, another one for each call of an attempt. A call that failed, and
            whose error was not recorded, may be made again under its name, with the same function and arguments.
        :param function: called with the further arguments, also with those that are called ``name`` or ``function``.
        :param record_errors: whether an ``Exception`` is recorded too, so that later attempts do not call again, but
            raise :class:`~airflow_wfstate.exceptions.RecordedError`. Without it the next attempt calls again. An
            exception by which a task tells Airflow to skip, defer or reschedule it is no error, and never recorded.
        :returns: what the function returned, or what it returned in an earlier attempt.
        :raises RecordedError: the call failed in an earlier attempt, and was recorded so.
        :raises InvalidName: the name breaks the rule of names, or another call of this attempt has used it; the
            function was not called.
        :raises InvalidPayload: the function has a ``yield``, and was not called; or the result cannot be stored, and
            the call was made.
        :raises StaleAttempt: a newer attempt has taken over; stop working.
        :raises WorkflowClosed: the workflow has ended or is being compensated; stop working.
        """
        call = Call(check_name("call name", name), function, args, kwargs)
        return cast("Result", make_once(self._attempt, call, record_errors=record_errors))


class _UnfilledStep:
    """What :data:`STEP` is: it stands for the step in a signature, and says so when it is used."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # what copying, pickling and inspection ask for
            raise AttributeError(name)
        raise InvalidDag(
            f"step.{name} was used, but no step is being done: STEP is only the parameter's default.",
            "Name the parameter 'step' and decorate the function with @task.step; in a test of your own, pass a Step.",
        )

    def __repr__(self) -> str:
        return "STEP"


STEP: Final = cast("Step", _UnfilledStep())
"""The default of the reserved parameter in typed DAGs: ``def charge(order: str, step: Step = STEP)``."""
