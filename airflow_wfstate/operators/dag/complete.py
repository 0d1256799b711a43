"""The moment at which all tasks of a DAG are declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from airflow.sdk.definitions._internal.contextmanager import DagContext

if TYPE_CHECKING:
    from airflow.sdk import DAG

_CHECKED: Final = "_wfstate_is_checked"

_KNOWN: Final[WeakValueDictionary[tuple[str, str], DAG]] = WeakValueDictionary()
"""By file and id, the DAGs of this process that hold one of our tasks."""


class ChecksItsDag:
    """What makes an operator of ours have its DAG checked, mapped or not; stands before the operator's base class."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_when_complete(self.get_dag())  # type: ignore[attr-defined]  # of the operator

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """As of every operator."""
        check_when_complete(kwargs.get("dag") or DagContext.get_current())
        return super().partial(**kwargs)  # type: ignore[misc]  # of the operator


def check_when_complete(dag: DAG | None) -> None:
    """Have the DAG checked when all of its tasks are declared; asked again, it is checked once all the same.

    Whatever makes a task of ours asks for it. ``rules.py`` has the rules.

    :param dag: None for a task that stands in none yet.
    """
    if dag is None or dag.__dict__.get(_CHECKED):
        return
    dag.__dict__[_CHECKED] = True
    _KNOWN[dag.fileloc, dag.dag_id] = dag

    def check() -> None:
        # Imported when needed: the rules know the operators, which ask for them.
        from airflow_wfstate.operators.dag.rules import check_dag
        from airflow_wfstate.operators.steps.declaration.marks import mark_steps

        check_dag(dag)
        mark_steps(dag)

    when_complete(dag, check)


def when_complete(dag: DAG, act: Callable[[], None]) -> None:
    """Have something checked or wired before the DAG is validated, when all tasks are declared.

    Airflow validates a DAG before it bags it, and ``dag.test()`` does too.
    """
    validate = dag.validate

    def act_and_validate() -> None:
        act()
        validate()  # type: ignore[no-untyped-call]  # Airflow's method has no annotations

    dag.validate = act_and_validate  # type: ignore[method-assign]  # Airflow has no hook for a complete DAG


def known_dag(fileloc: str, dag_id: str) -> DAG | None:
    """The DAG of this process that the same file declares; None when it declares none with a task of ours."""
    return _KNOWN.get((fileloc, dag_id))
