"""The table of problem types (RFC 9457, section 3.1) that server and client share.

The ``type`` is stable, and names the error's class on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_wfstate.exceptions import WorkflowStateError, error_classes

_URN: Final = "urn:wfstate:"

_STATUSES: Final = {
    "error": 500,
    "invalid-request": 400,
    "method-not-allowed": 405,
    "invalid-name": 400,
    "invalid-payload": 400,
    "invalid-definition": 400,
    "payload-too-large": 413,
    "invalid-dag": 400,
    "not-found": 404,
    "workflow-not-found": 404,
    "step-not-found": 404,
    "event-not-found": 404,
    "definition-not-found": 404,
    "task-instance-not-found": 404,
    "conflict": 409,
    "workflow-closed": 409,
    "attempts-exhausted": 409,
    "workflow-exists": 409,
    "workflow-unfinished": 409,
    "input-mismatch": 409,
    "stale-attempt": 409,
    "step-collision": 409,
    "write-conflict": 409,
    "invalid-transition": 409,
    "wait-failed": 409,
    "wait-timed-out": 409,
    "idempotency-conflict": 409,
    "definition-mismatch": 409,
    "definition-changed": 412,
    "workflow-changed": 412,
    "payload-damaged": 410,
    "access-denied": 403,
    "not-authenticated": 401,
    "login-refused": 401,
    "invalid-attempt-key": 403,
    "transaction-refused": 500,
    "foreign-process": 500,
    "recorded-error": 500,
    "read-timed-out": 504,
    "unavailable": 503,
    "server-unreachable": 503,
    "database-unavailable": 503,
    "payload-unavailable": 503,
    "database-not-migrated": 500,  # a retry does not help
    "invalid-option": 500,  # nor does it here
}
"""The HTTP status of each error class, by its ``code``."""


@dataclass(frozen=True)
class ProblemType:
    """A row of the table.

    :param uri: the ``type`` of the problem.
    :param title: the same for every problem of the type.
    :param status: the HTTP status of the response.
    """

    uri: str
    title: str
    status: int
    error_class: type[WorkflowStateError]


def problem_types() -> list[ProblemType]:
    """Every type, in the order of the table."""
    classes = error_classes()
    return [_problem_type(classes[code]) for code in _STATUSES]


def problem_type_of(error: WorkflowStateError) -> ProblemType:
    """The type of an error. A class that is not in the table has the type of its nearest listed base class."""
    known = next(found for found in type(error).__mro__ if issubclass(found, WorkflowStateError) and _is_listed(found))
    return _problem_type(known)


def error_class_of(uri: object) -> type[WorkflowStateError]:
    """The class that a ``type`` stands for; the base class of all errors if this version does not know the type."""
    return error_classes().get(str(uri).removeprefix(_URN), WorkflowStateError)


def _is_listed(error_class: type[WorkflowStateError]) -> bool:
    return error_classes().get(error_class.code) is error_class and error_class.code in _STATUSES


def _problem_type(error_class: type[WorkflowStateError]) -> ProblemType:
    code = error_class.code
    return ProblemType(_URN + code, code.replace("-", " ").capitalize(), _STATUSES[code], error_class)
