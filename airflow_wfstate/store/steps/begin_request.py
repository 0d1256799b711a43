"""Check what a begin asks for."""

from __future__ import annotations

import re
from dataclasses import replace

from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.domain.rules.text.names import check_former_names, check_name, check_step_name
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.redaction import check_paths
from airflow_wfstate.store.workflows.caller import check_task_instance_id

"""The most former names (``was``) that one step may have."""


def check_begin(request: BeginStep) -> BeginStep:
    """Return the request with its ids in canonical form.

    :raises InvalidRequest: a name is not valid, or a number is out of range.
    """
    check_step_name(request.name)
    if request.item_key:
        check_name("item key", request.item_key)
    if request.relay_task_id is not None:
        check_name("relay's task id", request.relay_task_id)
    check_paths(request.redact)
    if request.arguments_sha256 is not None and not re.fullmatch("[0-9a-f]{64}", request.arguments_sha256):
        raise InvalidRequest(
            f"The hash of the arguments of step {request.name} is not a SHA-256 hash.", "Give 64 hexadecimal digits."
        )
    check_former_names(request.was)
    if request.irreversible is not None:
        check_name("reason why a step is irreversible", request.irreversible)
        if request.compensation is not None:
            raise InvalidRequest(
                f"Step {request.name} is irreversible but has a compensation.", "Declare only one of the two."
            )
    if request.compensation is not None:
        check_name("compensation handler", request.compensation.handler)
        if not 1 <= request.compensation.max_attempts <= 1000:
            raise InvalidRequest(
                f"The compensation of step {request.name} may not be tried {request.compensation.max_attempts} times.",
                "Give a number from 1 to 1000.",
            )
    task_instance_id = check_task_instance_id(request.task_instance_id)
    return (
        request if task_instance_id == request.task_instance_id else replace(request, task_instance_id=task_instance_id)
    )
