"""An output that the undo could not receive is reported when the step ends, and by lint."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import attrs
import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Asset, task
from packaging.version import Version

from airflow_wfstate import CompensateWorkflowOperator
from airflow_wfstate.operators.dag.lint import lint
from airflow_wfstate.operators.steps.readable_output import classes_not_allowed


@dataclass
class Charge:
    """A class that is not allowed."""

    id: str


@attrs.define
class Parcel:
    """Another."""

    id: str


class Colour(enum.Enum):
    """Airflow serialises only its value."""

    RED = "red"


def undo(output: object) -> None: ...


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


@pytest.mark.parametrize(
    ("annotation", "named"),
    [
        (Charge, [Charge]),
        (Parcel, [Parcel]),
        (list[Charge], [Charge]),
        (Charge | None, [Charge]),
        (dict[str, tuple[Charge, Parcel]], [Charge, Parcel]),
        ("Charge | None", [Charge]),
        (Colour, []),
        (dict[str, int], []),
        (None, []),
        (Any, []),
        (Asset, []),
        ("NotThere", []),
    ],
)
def test_classes_in_a_return_annotation_that_are_not_allowed(annotation: object, named: list[type]) -> None:
    def step() -> None: ...

    step.__annotations__ = {"return": annotation}
    assert classes_not_allowed(step) == sorted(_name(kind) for kind in named)


def test_lint_names_them_where_there_is_an_undo() -> None:
    with DAG("shop", schedule=None) as dag:

        @task.step(compensate=undo)
        def charge() -> Charge:
            return Charge("c")

        @task.step(irreversible="sent")
        def send() -> Charge:
            return Charge("c")

        charge() >> send()
        CompensateWorkflowOperator(task_id="compensate")

    (finding,) = [finding for finding in lint(dag, [], {dag.dag_id: dag}) if finding.rule == "output-not-readable"]
    assert finding.task_id == "charge"
    assert _name(Charge) in finding.message
    assert "allowed_deserialization_classes" in finding.message


@pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated")
@pytest.mark.skipif(
    Version(airflow_version) < Version("3.3"),
    reason="dag.test() fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
)
def test_the_steps_log_warns_at_once(dags_folder: Path, backend: object, capsys: pytest.CaptureFixture[str]) -> None:
    bag = DagBag(str(dags_folder / "receipts.py"))
    assert bag.import_errors == {}

    bag.dags["receipts"].test()

    (warning,) = [
        line for line in capsys.readouterr().out.splitlines() if "its compensation COULD NOT READ IT BACK" in line
    ]
    assert "Receipt" in warning
    assert "Move it to an importable module" in warning
