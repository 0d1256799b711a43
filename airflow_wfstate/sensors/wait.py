"""The base class of the sensors, which register a wait in the store and ask it how the wait ended."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout, AirflowSkipException

from airflow_wfstate.domain.messages.wait import RegisteredWait, RegisterWait, WaitTarget
from airflow_wfstate.domain.rules.states import State
from airflow_wfstate.domain.rules.waiting import WaitOutcome, states_of
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.operators.steps.declaration.options import DEFAULT_CONNECTION_ID
from airflow_wfstate.operators.steps.identity_text import TextIdentities
from airflow_wfstate.operators.steps.refusal import failing_for_good


class WaitSensor(TextIdentities, BaseSensorOperator):
    """A sensor whose wait is stored in the store.

    :param deferrable: True to wait in the triggerer, without a worker slot; False to poke or reschedule, depending on
        ``mode``.
    :param timeout: maximum length of the wait, in seconds or as a timedelta, counted from its first registration; a
        retry does not restart it. Default: ``[sensors] default_timeout``.
    :param wfstate_conn_id: the Airflow connection to the store; it does not have to exist.
    :param kwargs: the arguments of every sensor: ``mode``, ``poke_interval``, ``soft_fail`` and so on.
    """

    ui_color = "#e6f1f2"

    def __init__(self, *, deferrable: bool = True, wfstate_conn_id: str = DEFAULT_CONNECTION_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable
        self.wfstate_conn_id = wfstate_conn_id

    @abstractmethod
    def target(self) -> WaitTarget:
        """What the sensor waits for."""

    @abstractmethod
    def arrived(self, wait: RegisteredWait) -> dict[str, Any]:
        """The XCom of the task once the wait has succeeded."""

    def execute(self, context: Context) -> Any:
        """Wait by deferring or poking."""
        if not self.deferrable:
            return super().execute(context)
        return self._skipping_softly(lambda: self._wait(context))

    def poke(self, context: Context) -> PokeReturnValue:
        """Check once."""
        wait = self._register(context)
        if wait.outcome is None:
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=True, xcom_value=self._result(wait))

    def woken(self, context: Context, event: object = None) -> dict[str, Any]:
        """Continue after the trigger has fired. The store knows how the wait ended.

        :param event: the trigger's event, which Airflow always passes.
        """
        return self._wait(context)

    def _wait(self, context: Context) -> dict[str, Any]:
        # Imported only when needed, so that DAG files parse faster.
        from airflow_wfstate.triggers.wait import WaitTrigger

        wait = self._register(context)
        if wait.outcome is None:
            until = "for as long as it takes" if wait.deadline_at is None else f"until {wait.deadline_at.isoformat()}"
            self.log.info("Waiting for %s, %s.", self.target(), until)
            self.defer(trigger=WaitTrigger(wait.wait_id, self.wfstate_conn_id), method_name=self.woken.__name__)
        return self._result(wait)

    def _register(self, context: Context) -> RegisteredWait:
        request = RegisterWait(str(context["ti"].id), self.target(), timeout_seconds=self.timeout)
        with failing_for_good():
            return WorkflowStateHook(self.wfstate_conn_id).get_conn().register_wait(request)

    def _result(self, wait: RegisteredWait) -> dict[str, Any]:
        if wait.outcome is WaitOutcome.EXPIRED:
            raise AirflowSensorTimeout(f"{wait.reason} Clear this task to wait again.")
        if wait.outcome is WaitOutcome.IMPOSSIBLE:
            raise AirflowFailException(
                f"{wait.reason} When the workflow has been resumed or started again, clear this task to wait for it."
            )
        return self.arrived(wait)

    def _skipping_softly(self, wait: Callable[[], Any]) -> Any:
        """Apply ``soft_fail`` and ``never_fail`` as Airflow's sensors do when they poke."""
        try:
            return wait()
        except (AirflowFailException, AirflowSensorTimeout) as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise


def check_states(kind: type[State], states: Sequence[str], task_id: str) -> list[str]:
    """Check the states to wait for, and return their names.

    :raises InvalidDag: the list is empty, or a state is unknown.
    """
    known = ", ".join(state.value for state in kind)
    if isinstance(states, str) or not states:
        raise InvalidDag(f"Task {task_id}: states is {states!r}.", f"Give a list with some of {known}.")
    try:
        return [state.value for state in states_of(kind, states)]
    except ValueError as error:
        raise InvalidDag(f"Task {task_id}: there is no state {str(error)!r}.", f"Use some of {known}.") from error
