"""``step.once``: a call inside a step whose recorded result later attempts get."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_wfstate.backends.codec import decode
from airflow_wfstate.exceptions import InvalidName, InvalidPayload, RecordedError
from airflow_wfstate.operators.steps.control_flow import STEERING
from airflow_wfstate.operators.steps.error_text import error_message
from airflow_wfstate.operators.steps.user_function import is_coroutine_function, is_generator_function, name_of

if TYPE_CHECKING:
    from airflow_wfstate.domain.messages.record import Record
    from airflow_wfstate.operators.steps.attempt import Attempt


@dataclass
class Call:
    """A call that an attempt makes, or whose result it gets from a record.

    :param may_repeat: whether it ended in an error that was not recorded, so that the same call may be repeated.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    may_repeat: bool = False

    def is_same(self, other: Call) -> bool:
        """Whether another call has the very same function and arguments."""
        return (
            self.function == other.function
            and len(self.args) == len(other.args)
            and all(ours is theirs for ours, theirs in zip(self.args, other.args, strict=True))
            and self.kwargs.keys() == other.kwargs.keys()
            and all(value is other.kwargs[name] for name, value in self.kwargs.items())
        )


class Calls:
    """The calls of one attempt, by name; used under the attempt's lock."""

    def __init__(self) -> None:
        self._by_name: dict[str, Call] = {}

    def claim(self, call: Call) -> None:
        """Reserve the name for a call that is about to be made or answered from its record.

        :raises InvalidName: another call of the attempt has it, and its record would answer both.
        """
        before = self._by_name.get(call.name)
        if before is not None and not (before.may_repeat and before.is_same(call)):
            raise InvalidName(
                f"The call name {call.name!r} was used before in this attempt, and the result of that call is recorded "
                "under it.",
                f'Give each call its own descriptive name, such as f"{call.name}-{{who}}". To retry a failed call, '
                "call the same function with the same arguments, or let the function itself retry.",
            )
        self._by_name[call.name] = call


def make_once(attempt: Attempt, call: Call, *, record_errors: bool) -> Any:
    """Make the call, or answer it from its record; see ``Step.once``.

    :returns: the result; or an awaitable of it if the function is async or returns an awaitable.
    """
    if is_generator_function(call.function):
        raise InvalidPayload(
            f"The function {name_of(call.function)} of the call {call.name!r} has a yield. Calling it would not run "
            "its body, and the generator cannot be recorded.",
            "Use a function that returns its result, for instance as a list.",
        )
    found = attempt.claim_call(call)
    if found is not None:
        is_async = found.is_awaited or is_coroutine_function(call.function)
        return _later(found) if is_async else recorded(found)
    with _recording_errors(attempt, call, record_errors=record_errors):
        result = call.function(*call.args, **call.kwargs)
    if inspect.isawaitable(result):
        return _awaited(attempt, call, result, record_errors=record_errors)
    _record(attempt, call, result)
    return result


async def _awaited(attempt: Attempt, call: Call, result: Awaitable[Any], *, record_errors: bool) -> Any:
    with _recording_errors(attempt, call, record_errors=record_errors, is_awaited=True):
        value = await result
    _record(attempt, call, value, is_awaited=True)
    return value


def _record(attempt: Attempt, call: Call, value: object, *, is_awaited: bool = False) -> None:
    try:
        attempt.save_record(call.name, value, is_awaited=is_awaited)
    except BaseException:
        call.may_repeat = True
        raise


@contextmanager
def _recording_errors(attempt: Attempt, call: Call, *, record_errors: bool, is_awaited: bool = False) -> Iterator[None]:
    try:
        yield
    except STEERING:
        call.may_repeat = True
        raise
    except Exception as error:
        if record_errors:
            described = {"type": type(error).__qualname__, "message": error_message(error)}
            attempt.save_record(call.name, described, is_error=True, is_awaited=is_awaited)
        else:
            call.may_repeat = True
        raise
    except BaseException:  # cancelled, or the process was told to stop
        call.may_repeat = True
        raise


async def _later(found: Record) -> Any:
    return recorded(found)


def recorded(record: Record) -> object:
    """The result in a record.

    :raises RecordedError: the call failed, and its error was recorded.
    """
    value = decode(record.value)
    if record.is_error and isinstance(value, dict):
        raise RecordedError(record.name, str(value.get("type")), str(value.get("message")))
    return value
