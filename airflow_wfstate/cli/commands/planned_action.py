"""Plan, ask, do, print: what the commands that change a whole workflow have in common."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from airflow_wfstate.cli.commands.person import check_agreed
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs
from airflow_wfstate.domain.messages.workflow import WorkflowRef


class PlanOfWorkflow(Protocol):
    """What the plans of all actions have: the workflow that they are about."""

    @property
    def workflow(self) -> WorkflowRef:
        """It."""


Plan = TypeVar("Plan", bound=PlanOfWorkflow)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class PlannedAction(Generic[Plan, Answer]):
    """An action that a person sees as a plan before it is done.

    :param plan: what it would do.
    :param is_to_do: whether it would do anything: a person is asked only then.
    :param verb: what a person is asked: "Cancel" asks "Cancel the workflow order/1001?".
    :param print_plan: for people, as ``table`` or ``plain``.
    :param act: does it.
    :param print_answer: for people.
    """

    plan: Plan
    is_to_do: bool
    verb: str
    print_plan: Callable[[Plan, str], None]
    act: Callable[[], Answer]
    print_answer: Callable[[Answer], None]

    def carry_out(self, arguments: Namespace) -> None:
        """Print the plan, ask, act, and print what was done; with ``--plan`` print the plan alone.

        What programs read is one answer: the plan's, or that of the act. A person who is asked sees the plan beside it.

        :raises InvalidRequest: the person does not agree.
        """
        for_programs = arguments.output in PROGRAM_FORMATS
        if arguments.plan:
            if for_programs:
                print_for_programs(as_json(self.plan), arguments.output)
            else:
                self.print_plan(self.plan, arguments.output)
            return
        if self.is_to_do:
            if not (for_programs and arguments.yes):
                with redirect_stdout(sys.stderr if for_programs else sys.stdout):
                    self.print_plan(self.plan, "plain" if for_programs else arguments.output)
            check_agreed(arguments, f"{self.verb} the workflow {self.plan.workflow.name}/{self.plan.workflow.key}?")
        answer = self.act()
        if for_programs:
            print_for_programs(as_json(answer), arguments.output)
        else:
            self.print_answer(answer)
