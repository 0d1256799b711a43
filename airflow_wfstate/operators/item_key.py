"""The item key: tells the items of a mapped step apart, by what they are and never by where they stand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.exceptions import InvalidName, InvalidPayload

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_wfstate.operators.step_options import ItemKey

_MAX_READABLE: Final = 100
"""Characters up to which the item's own JSON text is its key; a longer one is hashed."""


def item_key_of(operator: BaseOperator, context: Context, declared: ItemKey | None) -> str:
    """The item key of a running task; empty for one that is not mapped and declares none.

    :param declared: the author's; None to derive it from the item.
    :raises InvalidName: the declared key came out empty.
    :raises InvalidPayload: the item cannot be stored, so that no key can be derived from it.
    """
    is_mapped = context["ti"].map_index is not None and context["ti"].map_index >= 0
    if declared is None:
        return _derived(operator, mapped_arguments(operator, context)) if is_mapped else ""
    item = mapped_arguments(operator, context) if is_mapped else dict(getattr(operator, "op_kwargs", {}))
    if callable(declared):
        key = str(declared(**item))
    else:
        variables: Any = {**context, **item}
        key = str(operator.render_template(declared, variables))
    if not key:
        raise InvalidName(
            f"The item key of task {operator.task_id} came out empty.",
            "Let item_key give a text that identifies the item, such as its id.",
        )
    return key


def mapped_arguments(operator: BaseOperator, context: Context) -> dict[str, Any]:
    """What tells this task instance from the others that are mapped with it: argument names and values.

    Rendered, where they are templates. For a task of a mapped group, the group's own arguments.
    """
    dag = operator.get_dag()
    declared: Any = operator if dag is None else dag.get_task(operator.task_id)
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
            "Give item_key, a function of the mapped arguments that returns what identifies the item.",
        ) from error
    if payload.size <= _MAX_READABLE:
        return payload.text
    return hashlib.sha256(payload.text.encode("ascii")).hexdigest()
