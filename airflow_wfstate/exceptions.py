"""The errors of airflow_wfstate.

Every error says what is wrong (``reason``) and what to do about it (``remedy``); its text is both. ``code`` is
stable: the API sends it, and the client raises the same class from it.

::

    WorkflowStateError
    ├── InvalidRequest              the input itself is wrong; nothing was changed
    │   ├── MethodNotAllowed        an HTTP method that the path does not have
    │   ├── InvalidName             a name or key is empty, too long, invisible, holds a control character, or is taken
    │   ├── InvalidPayload          a value cannot be stored as JSON
    │   ├── InvalidDefinition       a definition file is not as its schema says
    │   ├── PayloadTooLarge         a value is larger than [wfstate] max_payload_bytes
    │   └── InvalidDag              a DAG is declared wrongly (an import error of the DAG)
    ├── NotFound
    │   ├── WorkflowNotFound
    │   ├── StepNotFound
    │   ├── DefinitionNotFound      no definition was applied to the name, or none with the number
    │   ├── EventNotFound
    │   └── TaskInstanceNotFound    the task instance that calls is unknown to Airflow, or not running
    ├── Conflict                    the stored state does not allow it
    │   ├── WorkflowClosed          the workflow has ended, or is ending: no step begins any more
    │   ├── AttemptsExhausted       a round had [wfstate] max_attempts attempts; the workflow is held for a person
    │   ├── WorkflowExists          the key is taken by another workflow
    │   ├── WorkflowUnfinished      something of the workflow is still open
    │   ├── InputMismatch           the same key was started with another input, by another run
    │   ├── StaleAttempt            a newer attempt has taken over (the fencing token decides)
    │   ├── StepCollision           another task or item of the same run does this step: two are never one step
    │   ├── WriteConflict           a write of an attempt that was applied before, and said something else
    │   ├── InvalidTransition       the state tables have no such transition
    │   ├── WaitFailed              what a step waits for can no longer happen
    │   │   └── WaitTimedOut        it did not happen in time
    │   ├── IdempotencyConflict     an Idempotency-Key was used again with another body
    │   ├── DefinitionMismatch      a start gives something else than the definition that is applied to the name
    │   ├── DefinitionChanged       the definition is not in the version that the request was made for
    │   └── WorkflowChanged         the workflow is not in the version that the request was made for
    ├── PayloadDamaged              a stored value cannot be read: its file or key is gone, or it was changed
    ├── AccessDenied
    │   ├── NotAuthenticated        no credentials, or credentials that do not hold
    │   │   └── LoginRefused        Airflow gives no token for the login and password of a connection
    │   └── InvalidAttemptKey       an attempt key that this server did not issue
    ├── TransactionRefused          a step's writes and its marker cannot be one transaction in the user's database
    ├── ForeignProcess              a process writes for an attempt that another process began
    ├── RecordedError               a call of step.once() failed in an earlier attempt, and was recorded so
    ├── ReadTimedOut                a read took longer than [wfstate] read_timeout_seconds
    └── Unavailable                 worth another try later
        ├── ServerUnreachable       the api-server does not answer
        ├── DatabaseUnavailable     the database does not answer, or stays locked
        ├── PayloadUnavailable      [wfstate] payload_path cannot be reached now, or cannot be written
        ├── DatabaseNotMigrated     the wfstate_* tables are missing or old
        └── InvalidOption           an option of [wfstate] has a value that makes no sense
"""

from __future__ import annotations

from typing import ClassVar


class WorkflowStateError(Exception):
    """The root of the tree.

    :param reason: what is wrong, naming the thing; a full sentence.
    :param remedy: what the reader can do; a full sentence. Empty when there is nothing to do.
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
    """A name or key is empty, invisible, too long, holds a control character, or was used where it must be another."""

    code = "invalid-name"


class InvalidPayload(InvalidRequest):
    """A value cannot be stored as JSON."""

    code = "invalid-payload"


class InvalidDefinition(InvalidRequest):
    """A definition file is not as its schema says; the reason names each place, a line for each."""

    code = "invalid-definition"

    def __str__(self) -> str:
        return f"{self.reason}\n{self.remedy}"


class PayloadTooLarge(InvalidRequest):
    """A value is larger than ``[wfstate] max_payload_bytes``."""

    code = "payload-too-large"


class InvalidDag(InvalidRequest):
    """A DAG is declared wrongly; raised while the DAG is parsed, so that it shows as an import error."""

    code = "invalid-dag"


class NotFound(WorkflowStateError):
    """The thing that was named does not exist."""

    code = "not-found"


class WorkflowNotFound(NotFound):
    """No workflow has this id."""

    code = "workflow-not-found"


class StepNotFound(NotFound):
    """The workflow has no such step."""

    code = "step-not-found"


class DefinitionNotFound(NotFound):
    """No definition was applied to the name, or none with the number."""

    code = "definition-not-found"


class EventNotFound(NotFound):
    """No event with this source and id was received."""

    code = "event-not-found"


class TaskInstanceNotFound(NotFound):
    """The task instance that calls is unknown to Airflow, or not running."""

    code = "task-instance-not-found"


class Conflict(WorkflowStateError):
    """The stored state does not allow what was asked; nothing was changed."""

    code = "conflict"


class WorkflowClosed(Conflict):
    """The workflow has ended, or is ending: no step begins any more."""

    code = "workflow-closed"


class AttemptsExhausted(Conflict):
    """A round of the step had ``[wfstate] max_attempts`` attempts; the workflow is held for a person."""

    code = "attempts-exhausted"


class WorkflowExists(Conflict):
    """The key is taken by another workflow."""

    code = "workflow-exists"


class WorkflowUnfinished(Conflict):
    """Something of the workflow is still open, so that it cannot be completed."""

    code = "workflow-unfinished"


class InputMismatch(Conflict):
    """The same key was started with another input, by another run."""

    code = "input-mismatch"


class StaleAttempt(Conflict):
    """A newer attempt has taken over; what this one still says is not recorded."""

    code = "stale-attempt"


class StepCollision(Conflict):
    """Another task or item of the same run has begun the step that was asked for: two are never one step."""

    code = "step-collision"


class WriteConflict(Conflict):
    """A write has the number of one that was applied before, and does not say the same; nothing was changed."""

    code = "write-conflict"


class InvalidTransition(Conflict):
    """The state tables in :mod:`airflow_wfstate.domain.rules.states` have no such transition."""

    code = "invalid-transition"


class WaitFailed(Conflict):
    """What a step waits for can no longer happen; another try would not find it either."""

    code = "wait-failed"


class WaitTimedOut(WaitFailed):
    """What a step waits for did not happen in time."""

    code = "wait-timed-out"


class IdempotencyConflict(Conflict):
    """An Idempotency-Key was used again with another body."""

    code = "idempotency-conflict"


class DefinitionMismatch(Conflict):
    """A start gives something else than the definition that is applied to the name."""

    code = "definition-mismatch"


class DefinitionChanged(Conflict):
    """The definition is not in the version that the request was made for (``if_version``, ``If-Match``)."""

    code = "definition-changed"


class WorkflowChanged(Conflict):
    """The workflow is not in the version that the request was made for (``if_version``, ``If-Match``)."""

    code = "workflow-changed"


class PayloadDamaged(WorkflowStateError):
    """A stored value cannot be read any more: its file or its key is gone, or somebody changed it."""

    code = "payload-damaged"


class AccessDenied(WorkflowStateError):
    """The caller may not do this."""

    code = "access-denied"


class NotAuthenticated(AccessDenied):
    """There are no credentials, or credentials that do not hold."""

    code = "not-authenticated"


class LoginRefused(NotAuthenticated):
    """Airflow gave no token for the login and password of a connection, as while its password is being changed."""

    code = "login-refused"


class InvalidAttemptKey(AccessDenied):
    """The attempt key was not issued by this server, or belongs to another task instance."""

    code = "invalid-attempt-key"


class TransactionRefused(WorkflowStateError):
    """The writes of a transactional step and its marker cannot be one transaction; nothing of them was committed."""

    code = "transaction-refused"


class ForeignProcess(WorkflowStateError):
    """A process writes for an attempt that another process began (a fork); nothing was sent."""

    code = "foreign-process"


class RecordedError(WorkflowStateError):
    """A call of ``step.once(..., record_errors=True)`` failed in an earlier attempt; it is not made again.

    :param name: of the call.
    :param type_name: of the error that it raised.
    :param message: of that error.
    """

    code = "recorded-error"

    def __init__(self, name: str, type_name: str = "", message: str = "") -> None:
        super().__init__(f"The call {name!r} failed in an earlier attempt: {type_name}: {message}")
        self.name = name
        self.type_name = type_name
        self.message = message


class ReadTimedOut(WorkflowStateError):
    """A statement of a read by HTTP took longer than ``[wfstate] read_timeout_seconds``; the same again would too."""

    code = "read-timed-out"


class Unavailable(WorkflowStateError):
    """Nothing is known to be wrong with the request: worth another try later."""

    code = "unavailable"


class ServerUnreachable(Unavailable):
    """The api-server does not answer."""

    code = "server-unreachable"


class DatabaseUnavailable(Unavailable):
    """The database does not answer, or stays locked."""

    code = "database-unavailable"


class PayloadUnavailable(Unavailable):
    """``[wfstate] payload_path`` cannot be reached now, or cannot be written."""

    code = "payload-unavailable"


class DatabaseNotMigrated(Unavailable):
    """The ``wfstate_*`` tables are missing or older than this package."""

    code = "database-not-migrated"


class InvalidOption(Unavailable):
    """An option of ``[wfstate]`` has a value that makes no sense."""

    code = "invalid-option"


def error_classes() -> dict[str, type[WorkflowStateError]]:
    """Every error class of the tree by its ``code``, for those who carry errors over a wire."""
    classes: dict[str, type[WorkflowStateError]] = {}
    pending: list[type[WorkflowStateError]] = [WorkflowStateError]
    while pending:
        error_class = pending.pop()
        if "code" in vars(error_class):  # not a class of somebody else's, below ours
            classes[error_class.code] = error_class
        pending.extend(error_class.__subclasses__())
    return classes
