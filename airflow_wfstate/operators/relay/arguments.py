"""What the relay takes from ``default_args``: ownership, placement and notifications.

It takes nothing that would interrupt a compensation, or prevent it from running.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

from airflow.sdk import BaseOperator

SUITS: Final = frozenset(
    {
        *("owner", "email", "email_on_failure", "email_on_retry"),
        *("on_execute_callback", "on_failure_callback", "on_retry_callback", "on_skipped_callback"),
        *("on_success_callback", "queue", "pool", "priority_weight", "executor", "executor_config"),
        *("resources", "run_as_user"),
    }
)
"""The operator arguments that the relay shares with the other tasks of its DAG or task group."""

_AIRFLOWS_OWN: Final = frozenset({"self", "task_id", "dag", "task_group", "params", "default_args"})


def without_unfit_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Combine the relay's own arguments with Airflow's default for every argument that it must not inherit.

    Airflow fills in only arguments that are not given. So a team's ``default_args`` (an ``execution_timeout``,
    ``depends_on_past``, a trigger rule, no retries) do not affect the relay, while arguments given to the relay itself
    do.

    :param given: the arguments given to the relay itself.
    """
    parameters = inspect.signature(BaseOperator.__init__).parameters.values()
    unfit = {
        parameter.name: parameter.default
        for parameter in parameters
        if parameter.name not in SUITS | _AIRFLOWS_OWN and parameter.default is not inspect.Parameter.empty
    }
    return {**unfit, **given}
