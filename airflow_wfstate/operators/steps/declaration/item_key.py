"""The item key: tells the items of a mapped step apart by their identity, never by their position."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.exceptions import InvalidPayload, PayloadTooLarge
from airflow_wfstate.operators.steps.declaration.item_names import ItemNames, check_takes, item_names
from airflow_wfstate.operators.steps.identity_text import TextTemplates, identity_text, renders_natively

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_wfstate.operators.steps.declaration.options import ItemKey

_MAX_READABLE: Final = 100
"""Up to this many characters, the item's JSON text is its key. A longer text is hashed."""


@dataclass(frozen=True)
class Item:
    """The item that a task instance of a mapped task works on.

    :param key: the item key; empty if the task is not mapped and declares none.
    :param arguments_sha256: hash of the mapped arguments, with which the store distinguishes two items with the same
        key from one item that has moved. None if the task is not mapped, or an argument cannot be stored.
    """

    key: str = ""
    arguments_sha256: str | None = None


def item_of(operator: BaseOperator, context: Context, declared: ItemKey | None) -> Item:
    """The item of a running task.

    :param declared: the author's item key; None to derive it from the item.
    :raises InvalidName: the declared key does not identify the item: it is None, blank, undefined, or an object.
    :raises InvalidDag: the declared key is a function that does not take the names of the item's arguments.
    :raises InvalidPayload: the item cannot be stored, so no key can be derived from it.
    """
    is_mapped = context["ti"].map_index is not None and context["ti"].map_index >= 0
    if declared is None and not is_mapped:
        return Item()
    arguments = _item(operator, context, is_mapped=is_mapped)
    if declared is None:
        key = _derived(operator, arguments)
    else:
        given = item_names(_as_declared(operator), is_mapped=is_mapped, names=arguments)
        key = _declared(operator, context, declared, arguments, given)
    return Item(key, _sha256(arguments) if is_mapped else None)


def item_key_of(operator: BaseOperator, context: Context, declared: ItemKey | None) -> str:
    """The key of :func:`item_of`."""
    return item_of(operator, context, declared).key


def _declared(
    operator: BaseOperator, context: Context, declared: ItemKey, item: dict[str, Any], given: ItemNames
) -> str:
    kind = f"item key of task {operator.task_id}"
    if not callable(declared):
        variables: Any = {**context, **item}
        return TextTemplates(operator, variables).identity(kind, declared, given.remedy)
    check_takes(operator.task_id, declared, given)
    key = declared(**item)
    if inspect.iscoroutine(key):
        key.close()  # avoids Python's warning that it was never awaited
    return identity_text(kind, key)


def _sha256(arguments: dict[str, Any]) -> str | None:
    try:
        return encode(arguments, sort_keys=True).sha256
    except (InvalidPayload, PayloadTooLarge):
        return None


def _item(operator: BaseOperator, context: Context, *, is_mapped: bool) -> dict[str, Any]:
    """The argument names and values from which an item key is made, with templates rendered as text.

    If Airflow renders templates natively, the task itself may get different values: 1.1 for ``1.10``.
    """
    if not renders_natively(operator):
        return mapped_arguments(operator, context) if is_mapped else dict(getattr(operator, "op_kwargs", {}))
    declared = _as_declared(operator)  # not rendered yet
    templates = TextTemplates(operator, context)
    if not is_mapped:
        arguments = getattr(declared, "op_kwargs", {})
        return {name: templates.nested(value) for name, value in arguments.items()}
    if hasattr(declared, "op_kwargs_expand_input"):
        values, from_xcoms = declared.op_kwargs_expand_input.resolve(context)
    elif getattr(declared, "is_mapped", False):
        values, from_xcoms = declared.expand_input.resolve(context)
    else:
        return mapped_arguments(operator, context)
    return {name: templates.nested(value, from_xcoms) for name, value in values.items()}


def mapped_arguments(operator: BaseOperator, context: Context) -> dict[str, Any]:
    """The argument names and values that distinguish this task instance from the others of the same mapping.

    Templates are rendered. For a task in a mapped group, these are the group's arguments.
    """
    declared = _as_declared(operator)
    if hasattr(declared, "op_kwargs_expand_input"):  # @task.step(...).expand
        constant = declared.partial_kwargs.get("op_kwargs", {})
        return {name: value for name, value in getattr(operator, "op_kwargs", {}).items() if name not in constant}
    if getattr(declared, "is_mapped", False):
        resolved = _resolved(declared.expand_input, context)
        return {name: getattr(operator, name, value) for name, value in resolved.items()}
    arguments: dict[str, Any] = {}
    for group in declared.iter_mapped_task_groups():
        arguments.update(_resolved(group._expand_input, context))
    return arguments


def _as_declared(operator: BaseOperator) -> Any:
    dag = operator.get_dag()
    return operator if dag is None else dag.get_task(operator.task_id)


def _resolved(expand_input: Any, context: Context) -> Mapping[str, Any]:
    values: Mapping[str, Any]
    values, _resolved_ids = expand_input.resolve(context)
    return values


def _derived(operator: BaseOperator, item: dict[str, Any]) -> str:
    try:
        payload = encode(item, sort_keys=True)
    except InvalidPayload as error:
        raise InvalidPayload(
            f"No item key can be derived for task {operator.task_id}: {error.reason}",
            "Set item_key to a function of the mapped arguments that returns what identifies the item.",
        ) from error
    if payload.size <= _MAX_READABLE:
        return payload.text
    return hashlib.sha256(payload.text.encode("ascii")).hexdigest()
