"""Run checks at the moment when all tasks of a DAG are declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from airflow.sdk.definitions._internal.contextmanager import DagContext

if TYPE_CHECKING:
    from airflow.sdk import DAG

_CHECKED: Final = "_wfstate_is_checked"

_KNOWN: Final[WeakValueDictionary[tuple[str, str], DAG]] = WeakValueDictionary()
"""The DAGs of this process that contain one of our tasks, by file and id."""


class ChecksItsDag:
    """A mixin that gets the DAG of an operator checked, mapped or not. Put it before the operator's base class."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_when_complete(self.get_dag())  # type: ignore[attr-defined]  # of the operator

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """See ``BaseOperator.partial``."""
        check_when_complete(kwargs.get("dag") or DagContext.get_current())
        return super().partial(**kwargs)  # type: ignore[misc]  # of the operator


def check_when_complete(dag: DAG | None) -> None:
    """Check the DAG once all of its tasks are declared. Calling this again has no effect.

    Everything that creates one of our tasks calls it. The rules are in ``rules.py``.

    :param dag: None for a task that is not in a DAG yet.
    """
    if dag is None or dag.__dict__.get(_CHECKED):
        return
    dag.__dict__[_CHECKED] = True
    _KNOWN[dag.fileloc, dag.dag_id] = dag

    def check() -> None:
        # Imported here, because the rules import the operators, which import this module.
        from airflow_wfstate.operators.dag.rules import check_dag
        from airflow_wfstate.operators.steps.declaration.marks import mark_steps

        check_dag(dag)
        mark_steps(dag)

    when_complete(dag, check)


def when_complete(dag: DAG, act: Callable[[], None]) -> None:
    """Call a function just before the DAG is validated, when all tasks are declared.

    Airflow validates a DAG before adding it to a DagBag, and in ``dag.test()``.
    """
    validate = dag.validate

    def act_and_validate() -> None:
        act()
        validate()  # type: ignore[no-untyped-call]  # Airflow's method has no annotations

    dag.validate = act_and_validate  # type: ignore[method-assign]  # Airflow has no hook for a complete DAG


def known_dag(fileloc: str, dag_id: str) -> DAG | None:
    """The DAG that the same file declares in this process; None if it has none with one of our tasks."""
    return _KNOWN.get((fileloc, dag_id))
