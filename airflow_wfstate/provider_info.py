"""The provider information that Airflow reads to find this provider's extensions."""

from __future__ import annotations

from airflow_wfstate import __version__
from airflow_wfstate.conf import OPTIONS, SECTION
from airflow_wfstate.option import Option

ProviderInfo = dict[str, object]

_INTEGRATION = "Workflow State"


def get_provider_info() -> ProviderInfo:
    """Every extension point, following airflow/provider_info.schema.json of Airflow 3.2 and later."""
    return {
        "package-name": "airflow-provider-wfstate",
        "name": _INTEGRATION,
        "description": "Durable steps, checkpoints and compensation for workflows across DAGs.",
        "versions": [__version__],
        "integrations": [{"integration-name": _INTEGRATION, "external-doc-url": "", "tags": ["software"]}],
        "operators": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": [
                    "airflow_wfstate.operators.start_workflow",
                    "airflow_wfstate.operators.complete_workflow",
                    "airflow_wfstate.operators.compensate_workflow",
                    "airflow_wfstate.operators.send_event",
                    "airflow_wfstate.operators.transactional_step",
                    "airflow_wfstate.operators.trigger_workflow_dag_run",
                    "airflow_wfstate.operators.wait_for_event",
                ],
            }
        ],
        "sensors": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": [
                    "airflow_wfstate.sensors.wait_for_step",
                    "airflow_wfstate.sensors.wait_for_workflow",
                ],
            }
        ],
        "hooks": [{"integration-name": _INTEGRATION, "python-modules": ["airflow_wfstate.hooks.workflow_state"]}],
        "triggers": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": ["airflow_wfstate.triggers.child_run", "airflow_wfstate.triggers.wait"],
            }
        ],
        "task-decorators": [{"name": "step", "class-name": "airflow_wfstate.decorators.step.step_task"}],
        "extra-links": ["airflow_wfstate.plugins.workflow_link.WorkflowLink"],
        "connection-types": [_connection_type()],
        "db-managers": ["airflow_wfstate.store.db_manager.WorkflowStateDBManager"],
        "cli": ["airflow_wfstate.cli.definition.get_wfstate_cli_commands"],
        "config": {SECTION: {"description": "Workflow state (airflow_wfstate).", "options": _options()}},
    }


def _options() -> dict[str, Option]:
    return OPTIONS


def _connection_type() -> ProviderInfo:
    return {
        "connection-type": "wfstate",
        "hook-class-name": "airflow_wfstate.hooks.workflow_state.WorkflowStateHook",
        "hook-name": _INTEGRATION,
        "conn-fields": {
            "token": {
                "label": "Token",
                "description": "A token to use instead of login and password.",
                "schema": {"type": ["string", "null"], "format": "password"},
            },
            "ca": {
                "label": "CA file",
                "description": "A PEM file (or a folder of them) on the workers, with the certificate authority that "
                "signed the api-server's certificate. Empty: the authorities that Airflow's own tasks trust.",
                "schema": {"type": ["string", "null"]},
            },
            "verify": {
                "label": "Verify the certificate",
                "description": "Without it, anyone between worker and api-server can read and change everything.",
                "schema": {"type": ["boolean", "null"], "default": True},
            },
        },
        "ui-field-behaviour": {
            "hidden-fields": ["extra"],
            "relabeling": {"host": "Airflow's URL", "schema": "Scheme (if the host has none)"},
            "placeholders": {"host": "https://airflow.example.com", "schema": "http", "login": "orders_service"},
        },
    }
