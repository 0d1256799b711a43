"""The mark of a step in a serialized DAG, beside the task ids and operators that Airflow stores.

It is written when a DAG is parsed, and read when a resume compares the steps of a workflow with the tasks in the code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

MARK: Final = "wfstate_step"
"""The entry of a task's ``template_fields_renderers`` that holds its mark. Airflow serializes that mapping with every
task, mapped or not, and looks up in it what it renders: no template field has this name."""


@dataclass(frozen=True)
class StepMark:
    """A task's declaration of its step.

    :param name: name of the step; None if each item of a mapped task has its own name.
    :param was: former names of the step.
    :param undo: the step's compensation handler, as its begin records it; None if the task declares none.
    """

    name: str | None
    was: tuple[str, ...] = ()
    undo: str | None = None

    def text(self) -> str:
        """Its form in the serialized DAG."""
        return json.dumps({"name": self.name, "was": list(self.was), "undo": self.undo}, sort_keys=True)

    @staticmethod
    def parse(text: object) -> StepMark | None:
        """Read a mark from a text; None if it is not a mark."""
        try:
            values = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            return None
        if not isinstance(values, dict) or not isinstance(values.get("name"), (str, type(None))):
            return None
        was = values.get("was")
        names = tuple(name for name in was if isinstance(name, str)) if isinstance(was, list) else ()
        undo = values.get("undo")
        return StepMark(values.get("name"), names, undo if isinstance(undo, str) else None)
