"""Print a workflow for people: a header and a tree on a terminal, sections in ``plain``."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from airflow_wfstate.cli.printing.console import Console
from airflow_wfstate.cli.printing.rendering import print_wide
from airflow_wfstate.cli.printing.workflow_header import workflow_header, workflow_title
from airflow_wfstate.cli.printing.workflow_sections import print_workflow_sections
from airflow_wfstate.cli.printing.workflow_tree import workflow_trees
from airflow_wfstate.domain.messages.reading.detail import WorkflowDetail


def print_workflow(workflow: WorkflowDetail, now: datetime, output: str) -> None:
    """Print a workflow as ``table`` (a header and a tree) or ``plain`` (sections).

    :param workflow: the workflow, with only those of its steps that are not mapped.
    """
    if output == "plain":
        print_workflow_sections(workflow, output)
        return
    head = [workflow_title(workflow.summary), *workflow_header(workflow, now, Console().width), Text()]
    print_wide(*head, *workflow_trees(workflow))
