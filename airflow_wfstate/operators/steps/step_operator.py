"""StepOperator: the base class of operators whose tasks are steps."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from airflow.sdk import BaseOperator, Context

from airflow_wfstate.operators.steps.attempt import Attempt, cancel_at_work
from airflow_wfstate.operators.steps.declaration.options import StepOptions
from airflow_wfstate.operators.steps.execution import StepExecution


class StepOperator(BaseOperator):
    """Runs :meth:`do_step` of a subclass as a step.

    List it as a base before the operator whose own ``execute`` and ``resume_execution`` the subclass uses.
    """

    step_options: StepOptions

    @abstractmethod
    def do_step(self, attempt: Attempt, context: Context) -> object:
        """Do the work. The return value is the step's output."""

    def execute(self, context: Context) -> Any:
        """Execute the step, or return its stored output."""
        return StepExecution(self, self.step_options, context).execute(lambda attempt: self.do_step(attempt, context))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after a deferral: the step's own, or one that waited for another run that holds the step."""
        return StepExecution(self, self.step_options, context).resume(
            next_method,
            next_kwargs,
            execute=lambda attempt: self.do_step(attempt, context),
            go_on=lambda method, arguments: super(StepOperator, self).resume_execution(method, arguments, context),
        )

    def on_kill(self) -> None:
        """Set ``step.cancelled``. Airflow calls this when the process has to stop."""
        cancel_at_work()
        super().on_kill()
