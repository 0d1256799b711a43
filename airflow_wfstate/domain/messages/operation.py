"""An operation on the store: its request, its answer, and who may call it.

Each operation is declared once, below its messages. The client (:mod:`airflow_wfstate.backends.api`), the route
(:mod:`airflow_wfstate.api.operation_routes`) and the row in the permission table (docs/reference/security.md) are
derived from it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

MASKED: Final[Mapping[str, object]] = {"masked": True}
"""Metadata of a field whose text may contain secrets. It is masked and shortened before it leaves a process."""


TOLD_OTHERWISE: Final = frozenset({"workflow_id", "actor", "way"})
"""Fields of a user's request that come from the path and the token instead of the body."""


def masked_fields(message: type[Any]) -> tuple[str, ...]:
    """The names of a message's fields that are masked before they leave a process."""
    return tuple(field.name for field in dataclasses.fields(message) if field.metadata.get("masked"))


class Who(str, Enum):
    """Who may call an operation. :mod:`airflow_wfstate.api.authorization` decides.

    - ``task``: the running task that the request names, and users who may change the runs of its DAG;
    - ``attempt``: the same for the task whose attempt of a step the request identifies by its key;
    - ``compensation``: the same for an attempt of a compensation;
    - ``person``: users who may change the runs of every DAG that takes part in the workflow;
    - ``reader``: callers who may see the workflow;
    - ``lister``: every user; the answer is restricted to what they may see;
    - ``waiter``: every task and every user; the answer depends on ids that nobody can guess;
    - ``viewer``: users who may see the page of workflows, or read every DAG;
    - ``operator``: users who may change the runs of every DAG; for reads, users who may read every DAG;
    - ``manager``: users who may change the runs of every DAG, also for reads, because the answer may grant access
      elsewhere;
    - ``sender``: those whom a definition allows to send for a service, decided for each event.
    """

    TASK = "task"
    ATTEMPT = "attempt"
    COMPENSATION = "compensation"
    PERSON = "person"
    READER = "reader"
    LISTER = "lister"
    WAITER = "waiter"
    VIEWER = "viewer"
    SENDER = "sender"
    OPERATOR = "operator"
    MANAGER = "manager"


@dataclass(frozen=True)
class Operation(Generic[Request, Answer]):
    """An operation of :class:`~airflow_wfstate.backends.state_backend.StateBackend`.

    :param name: the name of its method there, and of its route.
    :param method: the HTTP method. With GET, the fields of the request are parameters; otherwise they are the body.
    :param path: the path below ``/wfstate/v1``, with fields of the request in braces.
    :param request: the type of the request.
    :param answer: the type of the answer.
    :param says: what it does, for the API's description.
    :param who: who may call it.
    :param tag: the tag under which the API's description lists it.
    :param body: the name of the body's schema; None for that of the request. For a request of a person or operator, it
        has only the fields that do not come from the path or the token.
    :param body_types: types of body fields that are narrower than in the request.
    :param is_keyed: whether the client gives each call its own idempotency key. (Writes of an attempt have numbers
        instead.)
    :param has_tag: whether a read answers with an ETag; a plan does not.
    :param needs_server: whether it can only run where Airflow's models may be used, and not in a worker that reaches
        the tables directly.
    :param body_field: the field of the request that is the whole body; None if the body has all fields.
    :param media_type: the media type of the body.
    :param answers_much: whether the answer is worth compressing although the request is a POST.
    """

    name: str
    method: str
    path: str
    request: type[Request]
    answer: type[Answer]
    says: str
    who: Who
    tag: str
    body: str | None = None
    body_types: Mapping[str, object] = field(default_factory=dict)
    is_keyed: bool = False
    has_tag: bool = False
    needs_server: bool = False
    body_field: str | None = None
    media_type: str = "application/json"
    answers_much: bool = False

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The fields of the request in the path, in order."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def told_otherwise(self) -> frozenset[str]:
        """The fields of the request that come from the path or the token instead of the body."""
        return TOLD_OTHERWISE.union(self.path_fields)

    @property
    def is_read(self) -> bool:
        """Whether it is a read, whose fields are parameters."""
        return self.method == "GET"
