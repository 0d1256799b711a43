"""Airflow's task state (3.3 and later) in a step: it belongs to a round.

Airflow keeps what a task stores in ``context["task_state_store"]`` for its next try, even if the task is cleared. A
retry of a round must find it, so that a ``ResumableJobMixin`` finds the job that an earlier attempt submitted. A new
round, or a new generation in the same run, must not find it: that job is done, perhaps even undone, and a new one is
needed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_wfstate.operators.steps.attempt import Attempt

_STORE: Final = "task_state_store"
_ROUND: Final = "wfstate_round"
"""The key in the task's state that names the round to which all other keys belong."""


class RoundTaskState:
    """The task state of a round. It behaves like Airflow's, but is emptied first if it belongs to another round.

    The round is checked on first use, because a check costs a call and most steps never use the state.

    :param store: Airflow's own store.
    :param round_key: the idempotency key of the round.
    :param is_first_try: whether this is the task instance's first try, so that no state of another round exists.
    """

    def __init__(self, store: Any, round_key: str, *, is_first_try: bool) -> None:
        self._store = store
        self._round_key = round_key
        self._is_first_try = is_first_try
        self._is_settled = False

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """Like Airflow's method."""
        return self._settled().get(key, *args, **kwargs)

    def set(self, key: str, value: Any, **kwargs: Any) -> None:
        """Like Airflow's method."""
        self._settled().set(key, value, **kwargs)

    def delete(self, key: str) -> None:
        """Like Airflow's method."""
        self._settled().delete(key)

    def clear(self) -> None:
        """Like Airflow's method."""
        self._settled().clear()
        self._claim()

    def __getattr__(self, name: str) -> Any:
        # For Airflow's other methods: its runner calls _clear_backend_only after the task has succeeded.
        return getattr(self._store, name)

    def _settled(self) -> Any:
        if not self._is_settled:
            if not self._is_first_try and self._store.get(_ROUND) != self._round_key:
                self._store.clear()
            self._claim()
            self._is_settled = True
        return self._store

    def _claim(self) -> None:
        # timedelta.max is Airflow's NEVER_EXPIRE, by identity: this key must outlive the ones it describes.
        self._store.set(_ROUND, self._round_key, retention=timedelta.max)


def keep_task_state_to_round(context: Context, attempt: Attempt) -> None:
    """Let the task see only the state of its own round. Before Airflow 3.3 there is no task state."""
    store: Any = context.get(_STORE)
    if store is None:
        return
    if isinstance(store, RoundTaskState):  # a second execution in the same process
        store = store._store
    is_first_try = getattr(context["ti"], "try_number", 0) == 1
    state = RoundTaskState(store, attempt.begun.idempotency_key, is_first_try=is_first_try)
    context[_STORE] = state  # type: ignore[typeddict-item]  # it behaves like Airflow's
