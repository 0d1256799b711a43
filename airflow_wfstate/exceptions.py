"""The errors of airflow_wfstate.

Every error says what is wrong (``reason``) and what to do about it (``remedy``); its text is both. The ``code`` is
stable: the API sends it, and the client raises the same class from it.

::

    WorkflowStateError
    ├── InvalidRequest              the input itself is wrong; nothing was changed
    │   ├── MethodNotAllowed        an HTTP method that the path does not have
    │   ├── InvalidName             a name or key is empty, too long, invisible, has a control character, or is taken
    │   ├── InvalidPayload          a value cannot be stored as JSON
    │   ├── InvalidDefinition       a definition file does not match its schema
    │   ├── PayloadTooLarge         a value is larger than [wfstate] max_payload_bytes
    │   └── InvalidDag              a DAG declaration is wrong (an import error of the DAG)
    ├── NotFound
    │   ├── WorkflowNotFound
    │   ├── StepNotFound
    │   ├── DefinitionNotFound      no definition, or no version with this number, was applied to the name
    │   ├── EventNotFound
    │   └── TaskInstanceNotFound    the calling task instance is unknown to Airflow, or not running
    ├── Conflict                    the stored state does not allow it
    │   ├── WorkflowClosed          the workflow has ended or is ending, so no step can begin
    │   ├── AttemptsExhausted       a round used up [wfstate] max_attempts; the workflow is on hold
    │   ├── WorkflowExists          the key is taken by another workflow
    │   ├── WorkflowUnfinished      a part of the workflow is still open
    │   ├── InputMismatch           another run started the same key with a different input
    │   ├── StaleAttempt            a newer attempt has taken over (the fencing token decides)
    │   ├── StepCollision           another task or item of the same run has this step; two are never one step
    │   ├── WriteConflict           a write of this number was already applied with other content
    │   ├── InvalidTransition       the state tables have no such transition
    │   ├── WaitFailed              the wait of a step can no longer succeed
    │   │   └── WaitTimedOut        the wait timed out
    │   ├── IdempotencyConflict     an Idempotency-Key was reused with another body
    │   ├── DefinitionMismatch      a start disagrees with the definition applied to the name
    │   ├── DefinitionChanged       the definition has another version than the request expects
    │   └── WorkflowChanged         the workflow has another version than the request expects
    ├── PayloadDamaged              a stored value is unreadable: its file or key is gone, or it was changed
    ├── AccessDenied
    │   ├── NotAuthenticated        credentials are missing or not valid
    │   │   └── LoginRefused        Airflow issues no token for the login and password of a connection
    │   └── InvalidAttemptKey       the attempt key was not issued by this server
    ├── TransactionRefused          a step's writes and marker cannot commit in one transaction
    ├── ForeignProcess              a process writes for an attempt that another process began
    ├── RecordedError               a call of step.once() failed in an earlier attempt, which recorded the error
    ├── ReadTimedOut                a read took longer than [wfstate] read_timeout_seconds
    └── Unavailable                 retry later
        ├── ServerUnreachable       the api-server does not answer
        ├── DatabaseUnavailable     the database does not answer, or stays locked
        ├── PayloadUnavailable      [wfstate] payload_path cannot be reached or written at the moment
        ├── DatabaseNotMigrated     the wfstate_* tables are missing or old
        └── InvalidOption           an option of [wfstate] has an invalid value
"""

from __future__ import annotations

from typing import ClassVar


class WorkflowStateError(Exception):
    """The base class of all errors of this package.

    :param reason: what is wrong and with what, as a full sentence.
    :param remedy: what the reader can do, as a full sentence; empty if there is nothing to do.
    """

    code: ClassVar[str] = "error"

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.reason} {self.remedy}".rstrip()


class InvalidRequest(WorkflowStateError):
    """The input itself is wrong; nothing was changed."""

    code = "invalid-request"


class MethodNotAllowed(InvalidRequest):
    """The path does not have this HTTP method."""

    code = "method-not-allowed"


class InvalidName(InvalidRequest):
    """A name or key is empty, invisible, too long, has a control character, or is already in use."""

    code = "invalid-name"


class InvalidPayload(InvalidRequest):
    """A value cannot be stored as JSON."""

    code = "invalid-payload"


class InvalidDefinition(InvalidRequest):
    """A definition file does not match its schema. The reason lists every place, one per line."""

    code = "invalid-definition"

    def __str__(self) -> str:
        return f"{self.reason}\n{self.remedy}"


class PayloadTooLarge(InvalidRequest):
    """A value is larger than ``[wfstate] max_payload_bytes``."""

    code = "payload-too-large"


class InvalidDag(InvalidRequest):
    """A DAG declaration is wrong. Raised while the DAG is parsed, so that Airflow shows it as an import error."""

    code = "invalid-dag"


class NotFound(WorkflowStateError):
    """The named thing does not exist."""

    code = "not-found"


class WorkflowNotFound(NotFound):
    """No workflow has this id."""

    code = "workflow-not-found"


class StepNotFound(NotFound):
    """The workflow has no such step."""

    code = "step-not-found"


class DefinitionNotFound(NotFound):
    """No definition, or no version with this number, was applied to the name."""

    code = "definition-not-found"


class EventNotFound(NotFound):
    """No event with this source and id was received."""

    code = "event-not-found"


class TaskInstanceNotFound(NotFound):
    """The calling task instance is unknown to Airflow, or not running."""

    code = "task-instance-not-found"


class Conflict(WorkflowStateError):
    """The stored state does not allow the request; nothing was changed."""

    code = "conflict"


class WorkflowClosed(Conflict):
    """The workflow has ended or is ending, so no step can begin."""

    code = "workflow-closed"


class AttemptsExhausted(Conflict):
    """A round of the step used up ``[wfstate] max_attempts``. The workflow is on hold until an operator decides."""

    code = "attempts-exhausted"


class WorkflowExists(Conflict):
    """The key is taken by another workflow."""

    code = "workflow-exists"


class WorkflowUnfinished(Conflict):
    """A part of the workflow is still open, so it cannot be completed."""

    code = "workflow-unfinished"


class InputMismatch(Conflict):
    """Another run started the same key with a different input."""

    code = "input-mismatch"


class StaleAttempt(Conflict):
    """A newer attempt has taken over; further writes of this one are not recorded."""

    code = "stale-attempt"


class StepCollision(Conflict):
    """Another task or item of the same run has already begun this step; two are never one step."""

    code = "step-collision"


class WriteConflict(Conflict):
    """A write has the number of one that was already applied, but other content; nothing was changed."""

    code = "write-conflict"


class InvalidTransition(Conflict):
    """The state tables in :mod:`airflow_wfstate.domain.rules.states` have no such transition."""

    code = "invalid-transition"


class WaitFailed(Conflict):
    """What a step waits for can no longer happen; a retry would not help."""

    code = "wait-failed"


class WaitTimedOut(WaitFailed):
    """What a step waits for did not happen in time."""

    code = "wait-timed-out"


class IdempotencyConflict(Conflict):
    """An Idempotency-Key was reused with another body."""

    code = "idempotency-conflict"


class DefinitionMismatch(Conflict):
    """A start disagrees with the definition that is applied to the name."""

    code = "definition-mismatch"


class DefinitionChanged(Conflict):
    """The definition has another version than the request expects (``if_version``, ``If-Match``)."""

    code = "definition-changed"


class WorkflowChanged(Conflict):
    """The workflow has another version than the request expects (``if_version``, ``If-Match``)."""

    code = "workflow-changed"


class PayloadDamaged(WorkflowStateError):
    """A stored value is no longer readable: its file or key is gone, or it was changed."""

    code = "payload-damaged"


class AccessDenied(WorkflowStateError):
    """The caller may not do this."""

    code = "access-denied"


class NotAuthenticated(AccessDenied):
    """The credentials are missing or not valid."""

    code = "not-authenticated"


class LoginRefused(NotAuthenticated):
    """Airflow issued no token for a connection's login and password, for instance during a password change."""

    code = "login-refused"


class InvalidAttemptKey(AccessDenied):
    """The attempt key was not issued by this server, or belongs to another task instance."""

    code = "invalid-attempt-key"


class TransactionRefused(WorkflowStateError):
    """The writes of a transactional step and its marker cannot commit in one transaction; nothing was committed."""

    code = "transaction-refused"


class ForeignProcess(WorkflowStateError):
    """A process tried to write for an attempt that another process began (a fork); nothing was sent."""

    code = "foreign-process"


class RecordedError(WorkflowStateError):
    """A call of ``step.once(..., record_errors=True)`` failed in an earlier attempt and is not made again.

    :param name: name of the call.
    :param type_name: type of the error that it raised.
    :param message: message of that error.
    """

    code = "recorded-error"

    def __init__(self, name: str, type_name: str = "", message: str = "") -> None:
        super().__init__(f"The call {name!r} failed in an earlier attempt: {type_name}: {message}")
        self.name = name
        self.type_name = type_name
        self.message = message


class ReadTimedOut(WorkflowStateError):
    """A statement of an HTTP read took longer than ``[wfstate] read_timeout_seconds``. A retry would as well."""

    code = "read-timed-out"


class Unavailable(WorkflowStateError):
    """Nothing is known to be wrong with the request. Retry it later."""

    code = "unavailable"


class ServerUnreachable(Unavailable):
    """The api-server does not answer."""

    code = "server-unreachable"


class DatabaseUnavailable(Unavailable):
    """The database does not answer, or stays locked."""

    code = "database-unavailable"


class PayloadUnavailable(Unavailable):
    """``[wfstate] payload_path`` cannot be reached or written at the moment."""

    code = "payload-unavailable"


class DatabaseNotMigrated(Unavailable):
    """The ``wfstate_*`` tables are missing or older than this package, or Airflow is newer than it knows."""

    code = "database-not-migrated"


class InvalidOption(Unavailable):
    """An option of ``[wfstate]`` has an invalid value."""

    code = "invalid-option"


def error_classes() -> dict[str, type[WorkflowStateError]]:
    """Every error class by its ``code``, for code that transmits errors."""
    classes: dict[str, type[WorkflowStateError]] = {}
    pending: list[type[WorkflowStateError]] = [WorkflowStateError]
    while pending:
        error_class = pending.pop()
        if "code" in vars(error_class):  # not a third-party subclass
            classes[error_class.code] = error_class
        pending.extend(error_class.__subclasses__())
    return classes
