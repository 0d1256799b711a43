"""Plan, confirm, act, print: what the commands that change a whole workflow have in common."""

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
    """What the plans of all actions have in common: the workflow."""

    @property
    def workflow(self) -> WorkflowRef:
        """The workflow that the plan is about."""


Plan = TypeVar("Plan", bound=PlanOfWorkflow)
Answer = TypeVar("Answer")

MANY_PIECES: Final = 100
"""With this many pieces, an action may take noticeably long."""


@dataclass(frozen=True)
class PlannedAction(Generic[Plan, Answer]):
    """An action whose plan is shown before it is carried out.

    :param plan: what the action would do.
    :param is_to_do: whether it would do anything. Only then is confirmation needed.
    :param verb: the verb of the question: "Cancel" asks "Cancel the workflow order/1001?".
    :param print_plan: prints the plan for people, as ``table`` or ``plain``.
    :param act: carries out the action.
    :param print_answer: prints the answer for people.
    :param work: what ``act`` does, in a few words. Shown if there are many pieces.
    :param pieces: the number of pieces. They are one transaction, so they all take effect together.
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
        """Print the plan, ask for confirmation, act, and print the result. With ``--plan``, print only the plan.

        Programs get a single answer: the plan or the result. A user who is asked sees the plan on stderr in addition.

        :raises InvalidRequest: the user does not confirm.
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
        """Act, and show on stderr what is being done if it takes a while."""
        if self.pieces < MANY_PIECES:
            return self.act()
        with Progress(command) as progress:
            progress.tell(self.work)
            return self.act()
