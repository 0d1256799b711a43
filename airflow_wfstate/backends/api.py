"""ApiBackend: HTTP to the plugin app of an api-server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from airflow_wfstate import conf
from airflow_wfstate.backends.called_server import CalledServer
from airflow_wfstate.backends.problem_types import error_class_of
from airflow_wfstate.backends.query_parameters import (
    compensation_parameters,
    filter_parameters,
    given_parameters,
    page_parameters,
    query_parameters,
    step_parameters,
)
from airflow_wfstate.backends.trust import Trust, refused_certificate
from airflow_wfstate.backends.wire import from_json, to_json
from airflow_wfstate.domain.messages.cancel import CancelledWorkflow, CancelPlan, CancelWorkflow
from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.compensate import (
    CompensatedWorkflow,
    CompensatePlan,
    CompensateWorkflow,
    DecideCompensation,
    DecidedCompensation,
)
from airflow_wfstate.domain.messages.compensation import EndCompensation, EndedCompensation, TakeTurn, TurnAnswer
from airflow_wfstate.domain.messages.detail import WorkflowDetail
from airflow_wfstate.domain.messages.journal import JournalPage
from airflow_wfstate.domain.messages.pages import (
    CheckpointPage,
    CompensationFilter,
    CompensationPage,
    StepFilter,
    StepPage,
)
from airflow_wfstate.domain.messages.record import ReadRecords, RecordPage, SaveRecord
from airflow_wfstate.domain.messages.resume import ResumedWorkflow, ResumePlan, ResumeWorkflow
from airflow_wfstate.domain.messages.stats import WorkflowStats
from airflow_wfstate.domain.messages.step import (
    MAX_ERROR_LENGTH,
    BeginStep,
    BegunStep,
    EndAttempt,
    LinkChildRun,
    LinkedChildRun,
    RecordedWrite,
    SaveCheckpoint,
    StepSummary,
)
from airflow_wfstate.domain.messages.sweep_report import StartSweep, SweepReport
from airflow_wfstate.domain.messages.task_activity import TaskActivity, TaskInRun
from airflow_wfstate.domain.messages.workflow import (
    CompletedWorkflow,
    CompleteWorkflow,
    StartedWorkflow,
    StartWorkflow,
    WorkflowPage,
    WorkflowQuery,
)
from airflow_wfstate.domain.rules.counted import counted
from airflow_wfstate.exceptions import (
    AccessDenied,
    InvalidRequest,
    ReadTimedOut,
    StepNotFound,
    WorkflowNotFound,
    WorkflowStateError,
)
from airflow_wfstate.redaction import recorded_text

Answer = TypeVar("Answer")

PROBLEM: Final = "application/problem+json"
_TOLD_OTHERWISE: Final = frozenset({"workflow_id", "actor", "way"})
"""Fields of a person's request that no body has: the path and the token say which workflow, and who asks."""

_COMPRESSED: Final[Mapping[str, str]] = {}
"""The encodings that httpx asks for by itself."""

_UNCOMPRESSED: Final[Mapping[str, str]] = {"Accept-Encoding": "identity"}
"""For a write: its answer is small, and an api-server compresses even the smallest one for a client that accepts it."""

_BUSY_STATUSES: Final = (429, 502, 503, 504)


class _Unanswered(Exception):
    """The server did not answer, or is busy: worth another try.

    :param error: what the caller gets when no try is left.
    """

    def __init__(self, error: WorkflowStateError) -> None:
        super().__init__(error)
        self.error = error


class ApiBackend:
    """The :class:`~airflow_wfstate.backends.protocol.StateBackend` of the api way.

    Connections are kept alive. A request that gets no answer, or 429, 502, 503 or 504, is sent again with random
    back-off up to 5 seconds, for ``[wfstate] api_retry_seconds`` altogether; every write can be sent again.

    :param server_url: of the api-server, without a slash at the end.
    :param credentials: what proves who calls (:mod:`airflow_wfstate.backends.credentials`).
    :param configured_by: where the URL comes from, for the error message ("the connection wfstate_default").
    :param trust: which certificates the server may show. Default: those that Airflow's own task client trusts.
    :param connection_id: of the Airflow connection that the URL comes from, for the error message; None: it comes from
        options.
    :raises InvalidRequest: a file of certificates cannot be read.
    :raises ServerUnreachable: the URL, or the proxy that the environment names, is none that can be used.
    """

    def __init__(
        self,
        server_url: str,
        credentials: httpx.Auth,
        *,
        configured_by: str,
        trust: Trust | None = None,
        connection_id: str | None = None,
    ) -> None:
        self._base_url = f"{server_url}/wfstate/v1"
        self._configured_by = configured_by
        trust = trust or Trust.of_airflow()
        self._server = CalledServer(self._base_url, configured_by, trust, connection_id)
        self._retrying = Retrying(
            stop=stop_after_delay(conf.api_retry()),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            retry=retry_if_exception_type(_Unanswered),
            reraise=True,
        )
        try:
            self._client = httpx.Client(
                base_url=self._base_url,
                auth=credentials,
                verify=trust.context_for(server_url),
                timeout=conf.api_timeout().total_seconds(),
                headers={"Accept": "application/json", "User-Agent": "airflow-provider-wfstate"},
            )
        except (httpx.InvalidURL, ValueError, ImportError) as error:  # the last two: a proxy of a kind unknown here
            raise self._server.unreachable(f"cannot be called ({error})") from error

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._client.close()

    def start_workflow(self, request: StartWorkflow) -> StartedWorkflow:
        """See ``StateBackend.start_workflow``."""
        request = replace(request, idempotency_key=_key_of(request.idempotency_key))
        return self._post("/workflows", request, StartedWorkflow)

    def complete_workflow(self, request: CompleteWorkflow) -> CompletedWorkflow:
        """See ``StateBackend.complete_workflow``."""
        request = replace(request, idempotency_key=_key_of(request.idempotency_key))
        return self._post("/workflows/complete", request, CompletedWorkflow)

    def begin_step(self, request: BeginStep) -> BegunStep:
        """See ``StateBackend.begin_step``."""
        return self._post("/steps/begin", request, BegunStep)

    def save_checkpoint(self, request: SaveCheckpoint) -> RecordedWrite:
        """See ``StateBackend.save_checkpoint``."""
        return self._post("/steps/checkpoint", request, RecordedWrite)

    def save_record(self, request: SaveRecord) -> RecordedWrite:
        """See ``StateBackend.save_record``."""
        return self._post("/steps/record", request, RecordedWrite)

    def read_records(self, request: ReadRecords) -> RecordPage:
        """See ``StateBackend.read_records``."""
        return self._post("/steps/records", request, RecordPage, accepts=_COMPRESSED)

    def end_attempt(self, request: EndAttempt) -> RecordedWrite:
        """See ``StateBackend.end_attempt``."""
        return self._post("/steps/end", replace(request, error=_sendable(request.error)), RecordedWrite)

    def link_child_run(self, request: LinkChildRun) -> LinkedChildRun:
        """See ``StateBackend.link_child_run``."""
        return self._post("/steps/child-run", request, LinkedChildRun)

    def take_turn(self, request: TakeTurn) -> TurnAnswer:
        """See ``StateBackend.take_turn``."""
        return self._post("/compensations/turn", request, TurnAnswer)

    def end_compensation(self, request: EndCompensation) -> EndedCompensation:
        """See ``StateBackend.end_compensation``."""
        request = replace(request, error=_sendable(request.error), nothing_to_undo=_sendable(request.nothing_to_undo))
        return self._post("/compensations/end", request, EndedCompensation)

    def plan_cancel(self, workflow_id: str, *, compensate: bool = False) -> CancelPlan:
        """See ``StateBackend.plan_cancel``."""
        return self._get(f"{_path_of(workflow_id)}/cancel-plan", {"compensate": compensate}, CancelPlan)

    def cancel_workflow(self, request: CancelWorkflow) -> CancelledWorkflow:
        """See ``StateBackend.cancel_workflow``."""
        request = replace(request, reason=_sendable(request.reason), idempotency_key=_key_of(request.idempotency_key))
        return self._post(f"{_path_of(request.workflow_id)}/cancel", request, CancelledWorkflow)

    def plan_compensate(self, workflow_id: str, code: Code | None = None) -> CompensatePlan:
        """See ``StateBackend.plan_compensate``."""
        return self._get(f"{_path_of(workflow_id)}/compensate-plan", given_parameters(code=code), CompensatePlan)

    def compensate_workflow(self, request: CompensateWorkflow) -> CompensatedWorkflow:
        """See ``StateBackend.compensate_workflow``."""
        request = replace(request, reason=_sendable(request.reason), idempotency_key=_key_of(request.idempotency_key))
        return self._post(f"{_path_of(request.workflow_id)}/compensate", request, CompensatedWorkflow)

    def decide_compensation(self, request: DecideCompensation) -> DecidedCompensation:
        """See ``StateBackend.decide_compensation``."""
        request = replace(
            request, reason=_sendable(request.reason) or "", idempotency_key=_key_of(request.idempotency_key)
        )
        return self._post(f"{_path_of(request.workflow_id)}/compensation", request, DecidedCompensation)

    def plan_resume(
        self,
        workflow_id: str,
        from_step: str | None = None,
        code: Code | None = None,
        *,
        renames: Mapping[str, str] | None = None,
        new_steps: Sequence[str] = (),
    ) -> ResumePlan:
        """See ``StateBackend.plan_resume``."""
        parameters = {
            **given_parameters(from_step=from_step, code=code),
            "rename": [f"{old}={new}" for old, new in (renames or {}).items()],
            "new_step": list(new_steps),
        }
        return self._get(f"{_path_of(workflow_id)}/resume-plan", parameters, ResumePlan)

    def resume_workflow(self, request: ResumeWorkflow) -> ResumedWorkflow:
        """See ``StateBackend.resume_workflow``."""
        way = "resume" if request.from_step is None else "restart"
        request = replace(request, reason=_sendable(request.reason), idempotency_key=_key_of(request.idempotency_key))
        return self._post(f"{_path_of(request.workflow_id)}/{way}", request, ResumedWorkflow)

    def get_workflow(self, workflow_id: str, *, step_limit: int = 200) -> WorkflowDetail:
        """See ``StateBackend.get_workflow``."""
        return self._get(_path_of(workflow_id), {"step_limit": step_limit}, WorkflowDetail)

    def list_workflows(self, query: WorkflowQuery) -> WorkflowPage:
        """See ``StateBackend.list_workflows``."""
        return self._get("/workflows", query_parameters(query), WorkflowPage)

    def read_stats(self, query: WorkflowQuery, bucket_seconds: int | None = None) -> WorkflowStats:
        """See ``StateBackend.read_stats``."""
        parameters = filter_parameters(query)
        if bucket_seconds is not None:
            parameters["bucket_seconds"] = bucket_seconds
        return self._get("/stats", parameters, WorkflowStats)

    def list_steps(
        self, workflow_id: str, after: str | None = None, limit: int = 200, wanted: StepFilter | None = None
    ) -> StepPage:
        """See ``StateBackend.list_steps``."""
        parameters = page_parameters(limit, after=after) | step_parameters(wanted or StepFilter())
        return self._get(f"{_path_of(workflow_id)}/steps", parameters, StepPage)

    def get_step(self, workflow_id: str, step_id: str) -> StepSummary:
        """See ``StateBackend.get_step``."""
        return self._get(f"{_path_of(workflow_id)}/steps/{_step_segment(step_id)}", {}, StepSummary)

    def list_checkpoints(
        self, workflow_id: str, step_id: str, after: str | None = None, limit: int = 200
    ) -> CheckpointPage:
        """See ``StateBackend.list_checkpoints``."""
        path = f"{_path_of(workflow_id)}/steps/{_step_segment(step_id)}/checkpoints"
        return self._get(path, page_parameters(limit, after=after), CheckpointPage)

    def list_compensations(
        self,
        workflow_id: str,
        before: int | None = None,
        limit: int = 200,
        wanted: CompensationFilter | None = None,
    ) -> CompensationPage:
        """See ``StateBackend.list_compensations``."""
        parameters = page_parameters(limit, before=before) | compensation_parameters(wanted or CompensationFilter())
        return self._get(f"{_path_of(workflow_id)}/compensations", parameters, CompensationPage)

    def read_journal(self, workflow_id: str, after: int = 0, limit: int = 200) -> JournalPage:
        """See ``StateBackend.read_journal``."""
        return self._get(f"{_path_of(workflow_id)}/journal", {"after": after, "limit": limit}, JournalPage)

    def read_task_activity(self, workflow_id: str, task: TaskInRun) -> TaskActivity:
        """See ``StateBackend.read_task_activity``."""
        return self._get(f"{_path_of(workflow_id)}/task-activity", asdict(task), TaskActivity)

    def sweep(self, request: StartSweep | None = None) -> SweepReport:
        """See ``StateBackend.sweep``."""
        return self._post("/sweep", request or StartSweep(), SweepReport)

    def check(self) -> str:
        """See ``StateBackend.check``."""
        health: dict[str, Any] = self._get("/health", {}, dict)
        count = health.get("open_workflows")
        answered = f"{self._base_url} answered"
        return answered if count is None else f"{answered}; {counted(count, 'open workflow')}"

    def _get(self, path: str, parameters: Mapping[str, Any], answer_type: type[Answer]) -> Answer:
        try:
            request = self._client.build_request("GET", path, params=dict(parameters))
        except UnicodeEncodeError as error:
            raise InvalidRequest(
                "What was asked for holds a lone surrogate, which has no UTF-8 form.", "Leave it out."
            ) from error
        return self._send(request, answer_type)

    def _post(
        self, path: str, body: object, answer_type: type[Answer], *, accepts: Mapping[str, str] = _UNCOMPRESSED
    ) -> Answer:
        headers = {"Content-Type": "application/json", **accepts}
        return self._send(
            self._client.build_request("POST", path, content=to_json(body, without=_TOLD_OTHERWISE), headers=headers),
            answer_type,
        )

    def _send(self, request: httpx.Request, answer_type: type[Answer]) -> Answer:
        try:
            response = self._retrying(self._send_once, request)
        except _Unanswered as unanswered:
            raise unanswered.error from unanswered.__cause__
        try:
            return from_json(answer_type, response.content)
        except ValueError as error:
            raise self._server.unreachable(f"answered something else than a {answer_type.__name__}") from error

    def _send_once(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self._client.send(request)
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as failure:
            raise self._server.unreachable(f"cannot be called ({type(failure).__name__}: {failure})") from failure
        except httpx.TransportError as failure:
            if (reason := refused_certificate(failure)) is not None:
                raise self._server.untrusted(reason) from failure
            raise _Unanswered(self._server.unanswered(failure)) from failure
        if response.is_success:
            return response
        error = self._error(response)
        if response.status_code in _BUSY_STATUSES and not isinstance(error, ReadTimedOut):
            raise _Unanswered(error)
        raise error

    def _error(self, response: httpx.Response) -> WorkflowStateError:
        """What an answer without success means."""
        status = response.status_code
        problem = _problem_of(response)
        if problem is not None:
            return error_class_of(problem.get("type"))(str(problem.get("reason", "")), str(problem.get("remedy", "")))
        if status in (401, 403):
            return AccessDenied(
                f"The api-server at {self._base_url} refused this caller with {status}: {response.text[:200]}.",
                f"Check {self._configured_by}.",
            )
        if status == 404:
            return self._server.unreachable("answered 404: it has no plugin wfstate, or another URL")
        return self._server.unreachable(f"answered {status}")


def _key_of(idempotency_key: str | None) -> str:
    """The caller's key, or one for this call alone: sent again after a lost answer, it gets the answer of the first."""
    return f"call:{uuid4()}" if idempotency_key is None else idempotency_key


def _problem_of(response: httpx.Response) -> dict[str, object] | None:
    """The problem that an answer carries; None when it carries none, as from something between us and the server."""
    if not response.headers.get("Content-Type", "").startswith(PROBLEM):
        return None
    try:
        problem = json.loads(response.content)
    except ValueError:
        return None
    return problem if isinstance(problem, dict) else None


def _sendable(text: str | None) -> str | None:
    """An error or a reason as it is sent: without the secrets of this process, and not more of it than is kept."""
    return recorded_text(text, MAX_ERROR_LENGTH)


def _path_of(workflow_id: str) -> str:
    """The path of a workflow. What is no UUID names none, and might lead to another path."""
    try:
        return f"/workflows/{UUID(workflow_id)}"
    except (ValueError, AttributeError, TypeError) as error:
        raise WorkflowNotFound(
            f"There is no workflow {str(workflow_id)[:80]!r}.", "Look for it with: airflow wfstate list"
        ) from error


def _step_segment(step_id: str) -> str:
    """The path's segment of a step. What is no UUID names none, and might lead to another path."""
    try:
        return str(UUID(step_id))
    except (ValueError, AttributeError, TypeError) as error:
        raise StepNotFound(
            f"There is no step {str(step_id)[:80]!r}.", "See the steps with: airflow wfstate show WORKFLOW"
        ) from error
