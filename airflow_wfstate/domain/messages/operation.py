"""An operation on the store: what is sent, what is answered, and who may call it.

Each is declared once, below its messages. The client (:mod:`airflow_wfstate.backends.api`), the route
(:mod:`airflow_wfstate.api.operation_routes`) and the row of the table of permissions
(docs/reference/security.md) follow.
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
"""Metadata of a field whose text may hold secrets: it leaves a process masked, and not longer than it is kept."""


TOLD_OTHERWISE: Final = frozenset({"workflow_id", "actor", "way"})
"""Fields of a person's request that no body has: the path and the token say which workflow, and who asks."""


def masked_fields(message: type[Any]) -> tuple[str, ...]:
    """The names of the fields of a message whose texts leave a process masked."""
    return tuple(field.name for field in dataclasses.fields(message) if field.metadata.get("masked"))


class Who(str, Enum):
    """Who may call an operation; :mod:`airflow_wfstate.api.authorization` decides.

    - ``task``: the running task that the request names, and who may change the runs of its DAG;
    - ``attempt``: likewise of the task whose attempt of a step the request names by its key;
    - ``compensation``: likewise of an attempt of a compensation;
    - ``person``: who may change the runs of every DAG that takes part in the workflow;
    - ``reader``: who may see the workflow;
    - ``lister``: every user, for whom the answer is narrowed to what they may see;
    - ``waiter``: every task and every user; what may be learnt is named by ids that nobody can guess;
    - ``viewer``: who may see the page of workflows, or read every DAG;
    - ``operator``: who may change the runs of every DAG; for reads, who may read every DAG;
    - ``manager``: who may change the runs of every DAG, for reads too: what is read may open doors elsewhere;
    - ``sender``: whom a definition lets speak for a service, decided for each event.
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

    :param name: of its method there, and of its route.
    :param method: of HTTP. Of a GET the fields of the request are parameters, else it is the body.
    :param path: below ``/wfstate/v1``; in braces fields of the request.
    :param request: the type of what is sent.
    :param answer: the type of what is answered.
    :param says: what it does, for the API's description.
    :param who: may call it.
    :param tag: under which the API's description lists it.
    :param body: the name of the body's schema; None for that of the request. Of a person's or operator's request it has
        the fields that the path and the token do not tell.
    :param body_types: of the fields of the body that are narrower than those of the request.
    :param is_keyed: whether the client gives each call an idempotency key of its own. (What an attempt writes has a
        number.)
    :param has_tag: whether a read answers with an ETag; a plan has none.
    :param needs_server: whether it can be carried out only where Airflow's models may be used: not in a worker that
        reaches the tables itself.
    :param body_field: the field of the request that is the whole body; None where all of its fields are.
    :param media_type: of the body.
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
        """Fields of the request that stand in the path, in its order."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def told_otherwise(self) -> frozenset[str]:
        """Fields of the request that its body does not have, because the path or the token tells them."""
        return TOLD_OTHERWISE.union(self.path_fields)

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing, and its fields are parameters."""
        return self.method == "GET"
