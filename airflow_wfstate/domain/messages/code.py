"""Which code a run uses when it continues: the DAG version that it began with, or the latest."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Code(str, Enum):
    """Which code a run uses after one of its tasks is cleared.

    ``same``: the run's current DAG version and bundle version. ``latest``: the newest versions, which the run then
    keeps. If the bundle has no versions (a local folder), a run always uses the newest code.
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
    """A task that differs between a run's version and the latest.

    The comparison covers what Airflow stores about a task: its operator, arguments and settings. It does not store the
    body of a function, so a change of only the body is visible only in the bundle version.
    """

    task_id: str
    change: TaskChange


@dataclass(frozen=True)
class CodeVersion:
    """A version of a DAG's code.

    :param dag_version: Airflow's number of the DAG version; None if Airflow no longer has it.
    :param bundle: name of the bundle that the DAG comes from.
    :param bundle_version: version of that bundle, for Git the commit; None for a bundle without versions.
    """

    dag_version: int | None
    bundle: str | None
    bundle_version: str | None

    def __str__(self) -> str:
        number = "an unknown version" if self.dag_version is None else f"version {self.dag_version}"
        return number if self.bundle_version is None else f"{number} ({self.bundle_version[:12]})"


@dataclass(frozen=True)
class RunCode:
    """The code of a run that continues.

    :param uses: which code it will use.
    :param is_versioned: whether its bundle keeps versions, so that there is a choice.
    :param own: the run's current version.
    :param latest: the newest version that Airflow knows; None if it knows none.
    :param changed_tasks: the differences between the two, by task id.
    """

    dag_id: str
    run_id: str
    uses: Code
    is_versioned: bool
    own: CodeVersion
    latest: CodeVersion | None
    changed_tasks: list[ChangedTask] = field(default_factory=list)
