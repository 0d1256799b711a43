"""What the sensors have in common: they register a wait in the store, and ask it how the wait has ended."""

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
    """A sensor whose wait is kept in the store.

    :param deferrable: wait in the triggerer, without a worker slot. False: poke or reschedule, as ``mode`` says.
    :param timeout: seconds, or a timedelta, from the first registration of the wait on; a retry does not start it over.
        Default: ``[sensors] default_timeout``.
    :param wfstate_conn_id: the Airflow connection that names the way to the store; it need not be defined.
    :param kwargs: the arguments of every sensor: ``mode``, ``poke_interval``, ``soft_fail`` and so on.
    """

    ui_color = "#e6f1f2"

    def __init__(self, *, deferrable: bool = True, wfstate_conn_id: str = DEFAULT_CONNECTION_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable
        self.wfstate_conn_id = wfstate_conn_id

    @abstractmethod
    def target(self) -> WaitTarget:
        """What is waited for."""

    @abstractmethod
    def arrived(self, wait: RegisteredWait) -> dict[str, Any]:
        """The XCom of the task, when it has come."""

    def execute(self, context: Context) -> Any:
        """Wait: deferred, or by poking."""
        if not self.deferrable:
            return super().execute(context)
        return self._skipping_softly(lambda: self._wait(context))

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        wait = self._register(context)
        if wait.outcome is None:
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=True, xcom_value=self._result(wait))

    def woken(self, context: Context, event: object = None) -> dict[str, Any]:
        """Go on when the trigger has fired: the store knows how the wait has ended.

        :param event: of the trigger, which Airflow always hands over.
        """
        return self._wait(context)

    def _wait(self, context: Context) -> dict[str, Any]:
        # Imported when needed, as DAG files need not wait for it.
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
            raise AirflowSensorTimeout(f"{wait.reason} Clear this task to wait once more.")
        if wait.outcome is WaitOutcome.IMPOSSIBLE:
            raise AirflowFailException(
                f"{wait.reason} When the workflow goes on or was started again, clear this task to wait for it."
            )
        return self.arrived(wait)

    def _skipping_softly(self, wait: Callable[[], Any]) -> Any:
        """As Airflow's sensors do for every other way to wait."""
        try:
            return wait()
        except (AirflowFailException, AirflowSensorTimeout) as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise


def check_states(kind: type[State], states: Sequence[str], task_id: str) -> list[str]:
    """The names of the states to wait for.

    :raises InvalidDag: there is none, or one is unknown.
    """
    known = ", ".join(state.value for state in kind)
    if isinstance(states, str) or not states:
        raise InvalidDag(f"Task {task_id}: states is {states!r}.", f"Give a list of some of {known}.")
    try:
        return [state.value for state in states_of(kind, states)]
    except ValueError as error:
        raise InvalidDag(f"Task {task_id}: there is no state {str(error)!r}.", f"Give some of {known}.") from error
