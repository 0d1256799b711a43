"""Plan, ask, do, print: what the commands that change a whole workflow have in common."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from airflow_wfstate.cli.commands.person import check_agreed
from airflow_wfstate.cli.printing.progress import Progress
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs
from airflow_wfstate.domain.messages.workflow import WorkflowRef


class PlanOfWorkflow(Protocol):
    """What the plans of all actions have: the workflow that they are about."""

    @property
    def workflow(self) -> WorkflowRef:
        """It."""


Plan = TypeVar("Plan", bound=PlanOfWorkflow)
Answer = TypeVar("Answer")

MANY_PIECES: Final = 100
"""From which on an act may take as long as a person notices."""


@dataclass(frozen=True)
class PlannedAction(Generic[Plan, Answer]):
    """An action that a person sees as a plan before it is done.

    :param plan: what it would do.
    :param is_to_do: whether it would do anything: a person is asked only then.
    :param verb: what a person is asked: "Cancel" asks "Cancel the workflow order/1001?".
    :param print_plan: for people, as ``table`` or ``plain``.
    :param act: does it.
    :param print_answer: for people.
    :param work: what ``act`` does, in a few words; told where it is about many pieces.
    :param pieces: how many. They are one transaction, so that none of them is done before the last one is.
    """

    plan: Plan
    is_to_do: bool
    verb: str
    print_plan: Callable[[Plan, str], None]
    act: Callable[[], Answer]
    print_answer: Callable[[Answer], None]
    work: str
    pieces: int

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
        answer = self._act_visibly(arguments.subcommand)
        if for_programs:
            print_for_programs(as_json(answer), arguments.output)
        else:
            self.print_answer(answer)

    def _act_visibly(self, command: str) -> Answer:
        """Act, and where that takes a while say on stderr what is done."""
        if self.pieces < MANY_PIECES:
            return self.act()
        with Progress(command) as progress:
            progress.tell(self.work)
            return self.act()
