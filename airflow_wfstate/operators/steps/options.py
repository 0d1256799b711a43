"""What an author says about a step when declaring it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import OnClear
from airflow_wfstate.domain.rules.names import check_name, check_step_name
from airflow_wfstate.domain.rules.undo_order import TASK_HANDLER, CompensateWhen
from airflow_wfstate.exceptions import InvalidDag, InvalidName, InvalidRequest
from airflow_wfstate.operators.steps.undo_signature import check_undo
from airflow_wfstate.operators.steps.user_function import check_plain_function
from airflow_wfstate.redaction import check_paths

if TYPE_CHECKING:
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator

DEFAULT_CONNECTION_ID: Final = "wfstate_default"
"""The Airflow connection that names the way to the store; it need not be defined."""

_OF_ONE_STEP: Final = ("name", "item_key", "was")
"""Options that tell a step from others, and are no business of ``default_args``."""

CompensationHandler: TypeAlias = Callable[..., object]
"""``fn(output, compensation)``; see :class:`~airflow_wfstate.operators.relay.handler.CompensationContext`."""

ItemKey: TypeAlias = Callable[..., Any] | str
"""A function of the item's keyword arguments, or a template that may use them by name."""


@dataclass(frozen=True)
class StepOptions:
    """The options of ``@task.step`` and ``durable``.

    The ``default_args`` of a DAG or task group hold for those that are left at their default, except ``name``,
    ``item_key`` and ``was``.

    :param name: of the step; None for the task id.
    :param item_key: tells the items of a mapped step apart: a function of the item's arguments, or a template that
        names them; None to derive it from the item. What it gives must be a text, or have one (a number, a UUID, a
        date, a tuple of those); None, blank and undefined are refused. Templates among the arguments are rendered as
        text for it, whatever ``render_template_as_native_obj`` says.
    :param compensate: the undo: a function, or ``module:function``; None for a step that needs none.
    :param compensate_when: ``attempted``: every round that began is undone, unless it was skipped; ``completed``:
        only rounds that succeeded or whose end is unknown.
    :param compensate_attempts: how often the relay tries the undo, at least 1.
    :param wfstate_conn_id: the Airflow connection that names the way to the store.
    :param on_clear: what it means that a person cleared the task after its step had succeeded: ``rerun`` is a wish
        to do it again, as a new round with a new idempotency key; with ``reuse`` the stored output comes back.
    :param pivot: once this step is done, the workflow only goes forward: a later failure is held for a resume, and
        neither the policy nor a cancel undoes what was done.
    :param irreversible: why the step cannot be undone, in a few words ("email sent"): plans name it.
    :param redact: JSON paths into what the step returns and saves as checkpoints: people see ``***`` there, in the
        page, the API and the CLI; the step, its undo and its workflow are given the values. ``card_number`` is looked
        for at any depth, ``$.customer.address`` from the top (RFC 9535, without filters); a checkpoint of that name is
        hidden as a whole. Airflow's own XCom of the task is not covered: set ``do_xcom_push=False``.
    :param was: names that the step had before, newest first or not: a workflow in which it began under one of them goes
        on with that step, under its new name. With it a step is renamed while workflows are open; a task that has no
        ``name`` is its step's name, so that moving it into a task group renames the step too.
    :raises InvalidDag: when an option is none of these.
    """

    name: str | None = None
    item_key: ItemKey | None = None
    compensate: CompensationHandler | str | None = None
    compensate_when: Literal["attempted", "completed"] = "attempted"
    compensate_attempts: int = 3
    wfstate_conn_id: str = DEFAULT_CONNECTION_ID
    on_clear: Literal["rerun", "reuse"] = "rerun"
    pivot: bool = False
    irreversible: str | None = None
    redact: tuple[str, ...] = ()
    was: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.name is not None:
            check_step_name(self.name)
        if self.compensate_when not in tuple(when.value for when in CompensateWhen):
            raise InvalidDag(
                f"compensate_when is {self.compensate_when!r}.", "Give 'attempted' (the default) or 'completed'."
            )
        if self.on_clear not in tuple(meaning.value for meaning in OnClear):
            raise InvalidDag(f"on_clear is {self.on_clear!r}.", "Give 'rerun' (the default) or 'reuse'.")
        if not isinstance(self.compensate_attempts, int) or self.compensate_attempts < 1:
            raise InvalidDag(f"compensate_attempts is {self.compensate_attempts!r}.", "Give a number, at least 1.")
        if callable(self.item_key):
            check_plain_function("item_key", self.item_key)
        _check_handler(self.compensate)
        check_redact(self.redact)
        former_names(self.was)
        if self.irreversible is not None:
            check_name("irreversible", self.irreversible)
            if self.compensate is not None:
                raise InvalidDag(
                    f"The step is irreversible ({self.irreversible}), and has a compensation.", "Declare one of both."
                )

    @classmethod
    def of_arguments(cls, arguments: Mapping[str, Any]) -> StepOptions:
        """The options among the arguments of an operator that takes them, and the name as ``step_name``."""
        given = {field.name: arguments[field.name] for field in fields(cls) if field.name in arguments}
        was = former_names(arguments.get("was", ()))
        return cls(**{**given, "name": arguments.get("step_name"), "was": was})

    def declaration(self, task_id: str) -> CompensationDeclaration | None:
        """The undo as the step's begin records it; None for a step without one."""
        if self.compensate is None:
            return None
        return CompensationDeclaration(
            handler=self.compensate if isinstance(self.compensate, str) else f"{TASK_HANDLER}{task_id}",
            when=CompensateWhen(self.compensate_when),
            max_attempts=self.compensate_attempts,
        )


def check_redact(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the paths of ``redact``.

    :raises InvalidDag: one of them is no path.
    """
    try:
        return check_paths(paths)
    except InvalidRequest as error:
        raise InvalidDag(error.reason, error.remedy) from error


def former_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of ``was``.

    :raises InvalidDag: they are not a list of names.
    """
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise InvalidDag(f"was is {names!r}.", "Give a list of the names that the step had: was=['old_name'].")
    try:
        return tuple(check_name("former step name", name) for name in names)
    except InvalidName as error:
        raise InvalidDag(error.reason, error.remedy) from error


def is_template(text: str) -> bool:
    """Whether Airflow renders the text when the task runs, so that it cannot be judged before."""
    return "{{" in text or "{%" in text


def step_options_of(task: AbstractOperator) -> StepOptions | None:
    """The options of a task, mapped or not; None when it is no step."""
    options = getattr(task, "step_options", None) or getattr(task.operator_class, "step_options", None)
    if options is None and task.is_mapped and getattr(task.operator_class, "takes_step_options", False):
        return StepOptions.of_arguments(getattr(task, "partial_kwargs", {}))
    return with_default_args(task, options) if isinstance(options, StepOptions) else None


def with_default_args(task: AbstractOperator, options: StepOptions) -> StepOptions:
    """The options of a task: what was left at its default follows the ``default_args`` of its task group and DAG.

    :raises InvalidDag: one of them is wrong.
    """
    dag, group = task.get_dag(), task.task_group
    default_args = {
        **(dag.default_args if dag is not None else {}),
        **(group.default_args if group is not None else {}),
    }
    left = [field for field in fields(options) if field.name not in _OF_ONE_STEP]
    shared = {
        field.name: default_args[field.name]
        for field in left
        if field.name in default_args and getattr(options, field.name) == field.default
    }
    if "redact" in shared:
        shared["redact"] = tuple(check_redact(shared["redact"]))
    return replace(options, **shared) if shared else options


def _check_handler(handler: object) -> None:
    if handler is None:
        return
    if isinstance(handler, str):
        module, colon, function = handler.partition(":")
        if colon and function and all(part.isidentifier() for part in (*module.split("."), *function.split("."))):
            return
        raise InvalidDag(f"compensate is {handler!r}.", "Give a function, or its name as 'package.module:function'.")
    if getattr(handler, "_airflow_is_task_decorator", False):
        raise InvalidDag(
            f"compensate is the task {getattr(handler, '__name__', handler)!r}.",
            "Give a plain function: the relay calls it, it is no task of its own.",
        )
    if not callable(handler):
        raise InvalidDag(
            f"compensate is of type {type(handler).__name__}.",
            "Give a function, or its name as 'package.module:function'.",
        )
    check_undo(handler)
