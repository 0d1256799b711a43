"""What is installed is the wheel, and the wheel is complete."""

from __future__ import annotations

from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

import airflow_wfstate
from tests.conftest import CHECKOUT


@pytest.fixture(scope="module")
def wheel() -> Distribution:
    return distribution("airflow-provider-wfstate")


@pytest.fixture(scope="module")
def files(wheel: Distribution) -> set[str]:
    return {path.as_posix() for path in wheel.files or []}


def test_the_tests_import_the_installed_wheel() -> None:
    installed = Path(airflow_wfstate.__file__).resolve()
    assert CHECKOUT / "airflow_wfstate" not in installed.parents, "Install the wheel: run make test."


def test_the_wheel_has_all_that_the_package_needs(files: set[str]) -> None:
    wanted = [
        "airflow_wfstate/py.typed",
        "airflow_wfstate/store/alembic.ini",
        "airflow_wfstate/store/migrations/env.py",
    ]
    assert [path for path in wanted if path not in files] == []
    assert any(path.startswith("airflow_wfstate/store/migrations/versions/0001") for path in files)
    assert any(path.startswith("airflow_wfstate/ui/dist/") for path in files)
    assert any(path.endswith(".dist-info/licenses/LICENSE") for path in files)


def test_the_wheel_has_nothing_else(files: set[str]) -> None:
    tops = {path.split("/")[0] for path in files if not path.startswith("..")}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"airflow_wfstate"}
    page = {path for path in files if path.startswith("airflow_wfstate/ui/") and not path.endswith(".py")}
    assert {path for path in page if not path.startswith("airflow_wfstate/ui/dist/")} == set()


def test_the_wheel_has_every_module_of_the_checkout(files: set[str]) -> None:
    modules = {
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "airflow_wfstate").rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert modules - files == set()


def test_the_entry_points_are_declared(wheel: Distribution) -> None:
    declared = {(point.group, point.name) for point in wheel.entry_points}
    assert declared == {("apache_airflow_provider", "provider_info"), ("airflow.plugins", "wfstate")}
    for point in wheel.entry_points:
        assert point.load() is not None
