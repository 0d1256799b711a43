"""Step: the object through which a step's function reads and records its own state."""

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
    """The step that a task is executing, passed in the reserved parameter ``step``.

    :param attempt: the attempt that this process holds.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._tokens: dict[str, Token] = {}
        saved = attempt.begun.checkpoints.items()
        self._checkpoints = {name: decode(payload) for name, payload in saved if name != LEFT_BEHIND}

    @property
    def workflow(self) -> WorkflowRef:
        """The workflow: id, name, key, generation and correlation id. Its state is that at the begin of the attempt."""
        return self._attempt.begun.workflow

    @property
    def attempt(self) -> int:
        """Number of this attempt, counted from 1 over the whole life of the step."""
        return self._attempt.begun.attempt

    @property
    def round(self) -> int:
        """Number of the round, from 1. Retries share a round; a deliberate rerun starts the next one."""
        return self._attempt.begun.round

    @property
    def idempotency_key(self) -> str:
        """A key that is the same for every attempt of a round. Pass it to external systems."""
        return self._attempt.begun.idempotency_key

    @property
    def cancelled(self) -> bool:
        """Whether this process was told to stop. Check it regularly in a long step, clean up, and raise.

        It is True if the workflow was cancelled, the task was manually failed or cleared, or the worker is shutting
        down. Airflow notices this at its next heartbeat, and kills the process 5 seconds later. A step that raises
        before that is recorded as failed. One that returns is recorded as succeeded and counts as done, even if its
        task was cleared to run it again. After an ``execution_timeout`` it stays False: Airflow raises
        ``AirflowTaskTimeout`` in the step instead.
        """
        return self._attempt.cancelled

    @property
    def checkpoints(self) -> Mapping[str, object]:
        """The last value saved under each name in this round, by any attempt. Read-only."""
        return MappingProxyType(self._checkpoints)

    def checkpoint(self, name: str, value: object) -> None:
        """Save a value under a name. Once this returns, it is durable and visible to later attempts of the round.

        :param name: 1 to 250 characters.
        :param value: any value that a step may return.
        :raises InvalidName: the name is not valid.
        :raises InvalidPayload: the value cannot be stored.
        :raises PayloadTooLarge: the value is larger than ``[wfstate] max_payload_bytes``.
        :raises StaleAttempt: a newer attempt has taken over; stop working.
        :raises WorkflowClosed: the workflow has ended or is being compensated; stop working.
        """
        if name == LEFT_BEHIND:
            raise InvalidName(f"The checkpoint name {name!r} is reserved.", "Choose another name.")
        self._attempt.save_checkpoint(check_name("checkpoint name", name), value)
        self._checkpoints[name] = value

    def token(self, name: str = "callback", *, expires: timedelta = DEFAULT_EXPIRY) -> Token:
        """Create a one-time URL for an external partner whose answer the step waits for.

        Pass on ``token.url`` inside :meth:`once`, and return a result based on ``token.wait()``::

            token = step.token(expires=timedelta(days=3))
            step.once("order", place_order, order_id, callback=token.url)
            return token.wait()

        The wait belongs to the round: a retry continues it, and neither asks again nor restarts its time. Each attempt
        has its own URL, and the first answer to any of them ends the wait.

        :param name: name of the wait, needed if a step has several; 1 to 250 characters.
        :param expires: maximum length of the wait, counted from the first token of this name in the round. All of its
            tokens expire then. A later attempt can change it.
        :raises InvalidName: the name is not valid.
        :raises InvalidRequest: ``expires`` is not between zero and ten years.
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
        """Make a call and record its result. Later attempts of the round get the recorded result and do not call again.

        Like every side effect, the call happens at least once, because the process may die between the call and its
        record.

        The function may be async, or return an awaitable. Then ``once`` also returns an awaitable, and records the
        awaited result: ``await step.once("fetch", fetch, url)``. Pass the function itself, and await what ``once``
        returns.

        :param name: name of the call, 1 to 250 characters; unique within the attempt. A call that failed, and whose
            error was not recorded, may be repeated under its name with the same function and arguments.
        :param function: called with the remaining arguments, including keyword arguments named ``name`` or
            ``function``.
        :param record_errors: whether to record an ``Exception`` as well, so that later attempts do not call again but
            raise :class:`~airflow_wfstate.exceptions.RecordedError`. By default the next attempt calls again.
            Exceptions that tell Airflow to skip, defer or reschedule the task are not errors, and are never recorded.
        :returns: the result of the function, from this attempt or an earlier one.
        :raises RecordedError: the call failed in an earlier attempt, which recorded the error.
        :raises InvalidName: the name is not valid, or another call of this attempt has used it. The function was not
            called.
        :raises InvalidPayload: the function has a ``yield`` and was not called; or it was called, and its result cannot
            be stored.
        :raises StaleAttempt: a newer attempt has taken over; stop working.
        :raises WorkflowClosed: the workflow has ended or is being compensated; stop working.
        """
        call = Call(check_name("call name", name), function, args, kwargs)
        return cast("Result", make_once(self._attempt, call, record_errors=record_errors))


class _UnfilledStep:
    """The type of :data:`STEP`, a placeholder for the step in a signature. It raises an error if it is used."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # copying, pickling and inspection look these up
            raise AttributeError(name)
        raise InvalidDag(
            f"step.{name} was used, but no step is running: STEP is only the parameter's default.",
            "Name the parameter 'step' and decorate the function with @task.step. In your own tests, pass a Step.",
        )

    def __repr__(self) -> str:
        return "STEP"


STEP: Final = cast("Step", _UnfilledStep())
"""The default value of the reserved parameter in typed DAGs: ``def charge(order: str, step: Step = STEP)``."""
