"""Airflow's task state (3.3 and later) under a step: it belongs to a round.

Airflow keeps what a task puts into ``context["task_state_store"]`` for its next try, and also when the task is cleared.
A retry of a round is to find it: so a ``ResumableJobMixin`` finds the job that an earlier attempt has submitted. A new
round, or a new generation in the same run, is not: that job was done, perhaps undone, and is not what is wanted now.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_wfstate.operators.steps.attempt import Attempt

_STORE: Final = "task_state_store"
_ROUND: Final = "wfstate_round"
"""The key in the task's state that names the round to which all others belong."""


class RoundTaskState:
    """The task state of a round: as Airflow's, but emptied first when it is of another round.

    It is looked at when it is used, because a look costs a call: most steps never use it.

    :param store: Airflow's.
    :param round_key: the idempotency key of the round.
    :param is_first_try: whether the task instance had no try before, so that there is no state of another round.
    """

    def __init__(self, store: Any, round_key: str, *, is_first_try: bool) -> None:
        self._store = store
        self._round_key = round_key
        self._is_first_try = is_first_try
        self._is_settled = False

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """As Airflow's."""
        return self._settled().get(key, *args, **kwargs)

    def set(self, key: str, value: Any, **kwargs: Any) -> None:
        """As Airflow's."""
        self._settled().set(key, value, **kwargs)

    def delete(self, key: str) -> None:
        """As Airflow's."""
        self._settled().delete(key)

    def clear(self) -> None:
        """As Airflow's."""
        self._settled().clear()
        self._claim()

    def __getattr__(self, name: str) -> Any:
        # What else Airflow's has: its runner calls _clear_backend_only when the task has succeeded.
        return getattr(self._store, name)

    def _settled(self) -> Any:
        if not self._is_settled:
            if not self._is_first_try and self._store.get(_ROUND) != self._round_key:
                self._store.clear()
            self._claim()
            self._is_settled = True
        return self._store

    def _claim(self) -> None:
        # timedelta.max is Airflow's NEVER_EXPIRE, by identity: it must not go before what it stands for.
        self._store.set(_ROUND, self._round_key, retention=timedelta.max)


def keep_task_state_to_round(context: Context, attempt: Attempt) -> None:
    """Let the task find the state of its own round alone. Before Airflow 3.3 there is none."""
    store: Any = context.get(_STORE)
    if store is None:
        return
    if isinstance(store, RoundTaskState):  # a go in the same process
        store = store._store
    is_first_try = getattr(context["ti"], "try_number", 0) == 1
    state = RoundTaskState(store, attempt.begun.idempotency_key, is_first_try=is_first_try)
    context[_STORE] = state  # type: ignore[typeddict-item]  # it is as Airflow's
