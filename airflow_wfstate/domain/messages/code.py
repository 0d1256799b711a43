"""Which code a run uses when it goes on: the version of its DAG that it began with, or the latest."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Code(str, Enum):
    """Which code a run uses when a task of it is cleared.

    ``same``: the DAG version and the bundle version that the run has; ``latest``: the newest of both, which the run
    then keeps. A run of a bundle without versions (a local folder) uses the newest code in any case.
    """

    SAME = "same"
    LATEST = "latest"


class TaskChange(str, Enum):
    """How a task differs between two versions of its DAG."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class ChangedTask:
    """A task that differs between the version of a run and the latest.

    Compared is what Airflow keeps of a task: its operator, its arguments, its settings. The body of a function is not
    kept, so a change of that alone shows in the bundle version only.
    """

    task_id: str
    change: TaskChange


@dataclass(frozen=True)
class CodeVersion:
    """A version of a DAG's code.

    :param dag_version: Airflow's number of the DAG version; None when Airflow has none any more.
    :param bundle: name of the bundle that the DAG comes from.
    :param bundle_version: of that bundle, for Git the commit; None for a bundle without versions.
    """

    dag_version: int | None
    bundle: str | None
    bundle_version: str | None

    def __str__(self) -> str:
        number = "an unknown version" if self.dag_version is None else f"version {self.dag_version}"
        return number if self.bundle_version is None else f"{number} ({self.bundle_version[:12]})"


@dataclass(frozen=True)
class RunCode:
    """The code of a run that goes on.

    :param uses: which code it will use.
    :param is_versioned: whether its bundle keeps versions, so that there is a choice.
    :param own: what the run has now.
    :param latest: the newest that Airflow knows; None when it knows none.
    :param changed_tasks: what differs between both, by task id.
    """

    dag_id: str
    run_id: str
    uses: Code
    is_versioned: bool
    own: CodeVersion
    latest: CodeVersion | None
    changed_tasks: list[ChangedTask] = field(default_factory=list)
