"""An operator whose task is a step."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from airflow.sdk import BaseOperator, Context

from airflow_wfstate.operators.steps.attempt import Attempt, cancel_at_work
from airflow_wfstate.operators.steps.declaration.options import StepOptions
from airflow_wfstate.operators.steps.execution import StepExecution


class StepOperator(BaseOperator):
    """Runs as a step whatever a subclass does in :meth:`do_step`.

    It stands before the operator whose own ``execute`` and ``resume_execution`` the subclass uses.
    """

    step_options: StepOptions

    @abstractmethod
    def do_step(self, attempt: Attempt, context: Context) -> object:
        """Do the work; what it returns is the step's output."""

    def execute(self, context: Context) -> Any:
        """Do the step, or return what it produced before."""
        return StepExecution(self, self.step_options, context).execute(lambda attempt: self.do_step(attempt, context))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a deferral: the step's own, or one to wait for another run that is at the step."""
        return StepExecution(self, self.step_options, context).resume(
            next_method,
            next_kwargs,
            execute=lambda attempt: self.do_step(attempt, context),
            go_on=lambda method, arguments: super(StepOperator, self).resume_execution(method, arguments, context),
        )

    def on_kill(self) -> None:
        """Let the step know (``step.cancelled``); Airflow calls this when the process is to end."""
        cancel_at_work()
        super().on_kill()
