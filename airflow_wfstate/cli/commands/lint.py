"""``airflow wfstate lint``."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import database_command
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_rows, print_text
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.operators.dag.lint import Finding, import_error, lint, step_names

if TYPE_CHECKING:
    from airflow.sdk import DAG


@database_command
def lint_dags(arguments: Namespace, store: StateBackend) -> None:
    """Print the findings about the DAG files; exit with code 1 if there are any."""
    dags, import_errors = _load()
    errors = [import_error(path, error) for path, error in sorted(import_errors.items())]
    if arguments.dag_id is not None and arguments.dag_id not in dags:
        remedy = "Fix the files that cannot be imported; the DAG may be in one of them." if errors else ""
        raise InvalidRequest(
            " ".join([f"There is no DAG {arguments.dag_id} in the DAG bundles.", *(f"{e.message}" for e in errors)]),
            remedy,
        )
    steps = frozenset(step for dag in dags.values() for step in step_names(dag))
    wanted = [dags[dag_id] for dag_id in sorted(dags) if arguments.dag_id in (None, dag_id)]
    findings = [finding for dag in wanted for finding in lint(dag, steps, dags)]
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json([*findings, *errors]), arguments.output)
    elif findings:
        print_rows([_row(finding) for finding in findings], arguments.output)
    for error in errors:
        print_text(error.message, is_error=True)
    if findings or errors:
        raise SystemExit(1)


def _row(finding: Finding) -> dict[str, object]:
    return {
        "dag_id": finding.dag_id,
        "task_id": finding.task_id,
        "rule": finding.rule,
        "message": finding.message,
    }


def _load() -> tuple[dict[str, DAG], dict[str, str]]:
    """The DAGs of all bundles by id, and the import errors by file."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag

    dags: dict[str, DAG] = {}
    errors: dict[str, str] = {}
    manager = DagBundlesManager()  # type: ignore[no-untyped-call]  # Airflow does not annotate it
    for bundle in manager.get_all_dag_bundles():
        bundle.initialize()
        bag = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        dags.update(bag.dags)
        errors.update(bag.import_errors)
    return dags, errors
