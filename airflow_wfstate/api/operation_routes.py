"""Create the routes that the operations declare."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, fields, replace
from types import NoneType
from typing import Annotated, Any, Final, TypeAlias, get_type_hints

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, create_model
from pydantic import Field as PydanticField

from airflow_wfstate.api.asked_parameters import message_of, signature_of
from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import (
    check_attempt_key,
    check_compensation_key,
    check_event_data,
    check_operator,
    check_operator_read,
    check_task_instance,
    check_viewer,
    check_visible,
    check_workflow_change,
    readable,
    readable_starters,
)
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.entity_tag import READ_RESPONSES, WRITE_RESPONSES, IfNoneMatch, tagged_response
from airflow_wfstate.api.person_headers import PersonHeaders, person_headers, unversioned_headers
from airflow_wfstate.api.strict_body import STRICT_BODY, exact
from airflow_wfstate.api.visible import visible
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.starting_dag import ListStartingDags
from airflow_wfstate.domain.messages.wait import REGISTER_WAIT
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery

_CALLER: Final = Annotated[Caller, Depends(authenticate)]

Given: TypeAlias = dict[str, Any]
"""The values of a request, by the names of the route's parameters."""


def add_routes(router: APIRouter, operations: Iterable[Operation[Any, Any]], *, is_documented: bool = True) -> None:
    """Add a route for each operation to the router, in this order.

    :param is_documented: whether FastAPI builds models of the answers, which only the OpenAPI document needs.
    """
    for operation in operations:
        if operation.who is Who.SENDER:  # CloudEvents are not only JSON; see api/routes/events.py
            continue
        router.add_api_route(
            operation.path,
            _endpoint(operation),
            methods=[operation.method],
            response_model=operation.answer if is_documented else None,
            responses=_responses(operation) if is_documented else None,
            tags=[operation.tag],
        )


def _endpoint(operation: Operation[Any, Any]) -> Callable[..., Response]:
    """Make a function that looks handwritten to FastAPI."""
    answer = _ANSWERS[operation.who]

    def endpoint(**given: Any) -> Response:
        return answer(operation, given)

    endpoint.__name__ = operation.name
    endpoint.__doc__ = operation.says
    endpoint.__signature__ = inspect.Signature([_parameter("caller", _CALLER), *_parameters(operation)])  # type: ignore[attr-defined]  # inspect looks for it
    return endpoint


def _parameters(operation: Operation[Any, Any]) -> Iterator[inspect.Parameter]:
    for name in operation.path_fields:
        yield _parameter(name, str)
    if operation.is_read:
        yield from signature_of(operation.request)
        if operation.has_tag:
            yield _parameter("if_none_match", IfNoneMatch, None)
    elif operation.who in (Who.PERSON, Who.OPERATOR):
        yield _parameter("body", _strict_body(operation))
        headers = person_headers if _has(operation, "if_version") else unversioned_headers
        yield _parameter("headers", Annotated[PersonHeaders, Depends(headers)])
    else:
        yield _parameter("body", operation.request)
        if _has(operation, "idempotency_key"):
            yield _parameter("idempotency_key", IdempotencyKey, None)


def _parameter(name: str, annotation: object, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _strict_body(operation: Operation[Any, Any]) -> type[BaseModel]:
    """The request model without the fields from the path and the token. Unknown fields are refused."""
    types = {**get_type_hints(operation.request), **operation.body_types}
    told = {
        field.name: (exact(types[field.name]), _default(field, operation.body_types.get(field.name)))
        for field in fields(operation.request)
        if field.name not in operation.told_otherwise
    }
    text = (inspect.getdoc(operation.request) or "").partition("\n\n")[0]
    made: type[BaseModel] = create_model(operation.body or "", __config__=STRICT_BODY, __doc__=text, **told)  # type: ignore[call-overload]  # built from names that mypy does not know
    return made


def _default(field: Field[Any], narrower: object) -> object:
    """The field's default for pydantic. A field whose narrower type does not allow None is required."""
    if field.default_factory is not MISSING:
        return PydanticField(default_factory=field.default_factory)
    return ... if field.default is MISSING or narrower not in (None, NoneType) else field.default


def _has(operation: Operation[Any, Any], name: str) -> bool:
    """Whether the request has a field of this name."""
    return any(field.name == name for field in fields(operation.request))


def _responses(operation: Operation[Any, Any]) -> dict[int | str, dict[str, Any]]:
    if operation.has_tag:
        return READ_RESPONSES
    return WRITE_RESPONSES if _has(operation, "if_version") else {}


def _for_task(operation: Operation[Any, Any], given: Given) -> Response:
    caller, request = given["caller"], given["body"]
    check_task_instance(caller, request.task_instance_id)
    if operation is REGISTER_WAIT:
        answer = get_backend().carry_out(operation, _with_key(request, given))
        check_event_data(caller, request.task_instance_id, answer)
        return json_response(answer)
    return _written(operation, given)


def _for_attempt(operation: Operation[Any, Any], given: Given) -> Response:
    check_attempt_key(given["caller"], given["body"].attempt_key)
    return _written(operation, given)


def _for_compensation(operation: Operation[Any, Any], given: Given) -> Response:
    check_compensation_key(given["caller"], given["body"].compensation_key)
    return _written(operation, given)


def _written(operation: Operation[Any, Any], given: Given) -> Response:
    return json_response(get_backend().carry_out(operation, _with_key(given["body"], given)))


def _with_key(request: Any, given: Given) -> Any:
    """The request with the key from the header, which takes precedence over the one in the body."""
    key = given.get("idempotency_key")
    return request if key is None else replace(request, idempotency_key=key)


def _for_waiter(operation: Operation[Any, Any], given: Given) -> Response:
    # Authentication is enough here: knowing the ids in the body grants access.
    return json_response(get_backend().carry_out(operation, given["body"]))


def _for_person(operation: Operation[Any, Any], given: Given) -> Response:
    return _done_by(check_workflow_change(given["caller"], given["workflow_id"]), operation, given)


def _for_operator(operation: Operation[Any, Any], given: Given) -> Response:
    if operation.is_read:
        check_operator_read(given["caller"])
        return _read(operation, given)
    return _done_by(check_operator(given["caller"], operation.name.replace("_", " ")), operation, given)


def _for_manager(operation: Operation[Any, Any], given: Given) -> Response:
    check_operator(given["caller"], operation.name.replace("_", " "))
    return _read(operation, given)


def _done_by(actor: str, operation: Operation[Any, Any], given: Given) -> Response:
    """Carry out the request of an authorized user."""
    body: BaseModel = given["body"]
    told = {name: getattr(body, name) for name in type(body).model_fields} | given["headers"].told()
    told = {field.name: told[field.name] for field in fields(operation.request) if field.name in told}
    named = {name: given[name] for name in operation.path_fields}
    return json_response(get_backend().carry_out(operation, operation.request(actor=actor, **named, **told)))


def _for_reader(operation: Operation[Any, Any], given: Given) -> Response:
    caller, request = given["caller"], message_of(operation.request, given)
    access = check_visible(caller, given["workflow_id"])
    answer = visible(caller, access, request, get_backend().carry_out(operation, request))
    return tagged_response(answer, given["if_none_match"]) if operation.has_tag else json_response(answer)


def _for_viewer(operation: Operation[Any, Any], given: Given) -> Response:
    check_viewer(given["caller"])
    return _read(operation, given)


def _read(operation: Operation[Any, Any], given: Given) -> Response:
    """Answer a read of a caller who may see the whole answer."""
    answer = get_backend().carry_out(operation, message_of(operation.request, given))
    return tagged_response(answer, given["if_none_match"]) if operation.has_tag else json_response(answer)


def _for_lister(operation: Operation[Any, Any], given: Given) -> Response:
    caller, request = given["caller"], message_of(operation.request, given)
    if isinstance(request, WorkflowQuery):
        request = readable(caller, request)
    elif isinstance(request, ListStartingDags):
        request = readable_starters(caller, request)
    else:
        request = replace(request, query=readable(caller, request.query))
    return tagged_response(get_backend().carry_out(operation, request), given["if_none_match"])


_ANSWERS: Final[dict[Who, Callable[[Operation[Any, Any], Given], Response]]] = {
    Who.TASK: _for_task,
    Who.ATTEMPT: _for_attempt,
    Who.COMPENSATION: _for_compensation,
    Who.PERSON: _for_person,
    Who.READER: _for_reader,
    Who.LISTER: _for_lister,
    Who.WAITER: _for_waiter,
    Who.VIEWER: _for_viewer,
    Who.OPERATOR: _for_operator,
    Who.MANAGER: _for_manager,
}
"""The function that checks and answers an operation, by who may call it."""
