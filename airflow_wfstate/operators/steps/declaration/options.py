"""The options with which an author declares a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import OnClear
from airflow_wfstate.domain.rules.text.names import check_former_names, check_name, check_step_name
from airflow_wfstate.domain.rules.undo_order import TASK_HANDLER, CompensateWhen
from airflow_wfstate.exceptions import InvalidDag, InvalidName, InvalidRequest
from airflow_wfstate.operators.steps.declaration.undo_signature import check_undo
from airflow_wfstate.operators.steps.user_function import check_plain_function
from airflow_wfstate.redaction import check_paths

if TYPE_CHECKING:
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator

DEFAULT_CONNECTION_ID: Final = "wfstate_default"
"""The Airflow connection to the store. It does not have to exist."""

_OF_ONE_STEP: Final = {"of_one_step": True}
"""The ``metadata`` of options that belong to one step, and which ``default_args`` therefore do not set."""

CompensationHandler: TypeAlias = Callable[..., object]
"""``fn(output, compensation)``; see :class:`~airflow_wfstate.operators.relay.handler.CompensationContext`."""

ItemKey: TypeAlias = Callable[..., Any] | str
"""A function of the item's keyword arguments, or a template that may use them by name."""


@dataclass(frozen=True, kw_only=True)
class StepOptions:
    """The options of a step. Each option is a field here, and is declared nowhere else.

    ``@task.step``, ``durable()`` and the operators that are steps take the fields as keywords
    (``option_keywords.py``), and the table in docs/reference/authoring.md is generated from the docstrings of the
    fields. An option that is left at its default takes its value from the ``default_args`` of the task group and the
    DAG, unless its ``metadata`` is ``_OF_ONE_STEP``.

    :raises InvalidDag: an option is not valid.
    """

    name: str | None = field(default=None, metadata=_OF_ONE_STEP)
    """Name of the step; None for the task id. ``TransactionalStepOperator`` and ``TriggerWorkflowDagRunOperator`` call
    it ``step_name``."""

    item_key: ItemKey | None = field(default=None, metadata=_OF_ONE_STEP)
    """How to tell the items of a mapped step apart: a function of the item's arguments, or a template that uses their
    names; None to derive the key from the item. The result must be a string, or a value with a stable text (a number, a
    UUID, a date, a tuple of those). None, blank and undefined results are refused. Templates among the arguments are
    rendered as text for it, regardless of ``render_template_as_native_obj``."""

    compensate: CompensationHandler | str | None = None
    """The compensation handler of the step: a function, or ``"module:function"``; None for no compensation."""

    compensate_when: Literal["attempted", "completed"] = "attempted"
    """Which rounds are compensated. ``"attempted"``: every round that began, unless it was skipped. ``"completed"``:
    only rounds that succeeded or whose outcome is unknown."""

    compensate_attempts: int = 3
    """How many times the relay tries the compensation in total; at least 1."""

    on_clear: Literal["rerun", "reuse"] = "rerun"
    """What to do if someone clears the task after its step has succeeded. ``"rerun"``: execute it again, as a new round
    with a new idempotency key. ``"reuse"``: return the stored output."""

    pivot: bool = False
    """Once this step is done, the workflow can only go forward. After a later failure it is on hold until it is
    resumed, and neither the failure policy nor a cancel undoes its steps."""

    irreversible: str | None = None
    """Why the step cannot be undone, in a few words (``"email sent"``), shown in plans; None if it is not declared
    irreversible. A step with ``compensate`` cannot have it."""

    redact: Sequence[str] = ()
    """JSON paths into the step's output and checkpoints whose values are hidden from users. The page, the API and the
    CLI show ``***`` there, while the step, its compensation and its workflow still get the values. ``card_number``
    matches at any depth, ``$.customer.address`` from the top (RFC 9535, without filters). A checkpoint with that name
    is hidden as a whole. Empty to hide nothing. It does not cover the task's own Airflow XCom; set
    ``do_xcom_push=False`` for that."""

    was: Sequence[str] = field(default=(), metadata=_OF_ONE_STEP)
    """Former names of the step, in any order. A workflow in which the step began under one of them continues with that
    step under its new name, so you can rename a step while workflows are open. A step without ``name`` has the name of
    its task, so moving the task into a task group also renames the step."""

    wfstate_conn_id: str = DEFAULT_CONNECTION_ID
    """The Airflow connection to the store. It does not have to exist."""

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
            raise InvalidDag(f"compensate_attempts is {self.compensate_attempts!r}.", "Give an integer, at least 1.")
        if callable(self.item_key):
            check_plain_function("item_key", self.item_key)
        _check_handler(self.compensate)
        object.__setattr__(self, "redact", check_redact(self.redact))
        object.__setattr__(self, "was", former_names(self.was))
        if self.irreversible is not None:
            check_name("irreversible", self.irreversible)
            if self.compensate is not None:
                raise InvalidDag(
                    f"The step is irreversible ({self.irreversible}), but has a compensation.",
                    "Give only one. If one of them comes from default_args, set it on the single steps instead.",
                )

    def declaration(self, task_id: str) -> CompensationDeclaration | None:
        """The compensation as the step's begin records it; None if the step has none."""
        if self.compensate is None:
            return None
        return CompensationDeclaration(
            handler=self.compensate if isinstance(self.compensate, str) else f"{TASK_HANDLER}{task_id}",
            when=CompensateWhen(self.compensate_when),
            max_attempts=self.compensate_attempts,
        )


def check_redact(paths: Sequence[str]) -> tuple[str, ...]:
    """Check the paths of ``redact``, and return them.

    :raises InvalidDag: one of them is not a path.
    """
    try:
        return check_paths(paths)
    except InvalidRequest as error:
        raise InvalidDag(error.reason, error.remedy) from error


def former_names(names: Sequence[str]) -> tuple[str, ...]:
    """Check the names in ``was``, and return them.

    :raises InvalidDag: they are not a list of names.
    """
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise InvalidDag(f"was is {names!r}.", "Give a list of the step's former names: was=['old_name'].")
    try:
        check_former_names(names)
    except InvalidName as error:
        raise InvalidDag(error.reason, error.remedy) from error
    return tuple(names)


def is_template(text: str) -> bool:
    """Whether Airflow renders the text when the task runs, so that it cannot be checked before."""
    return "{{" in text or "{%" in text


def step_options_of(task: AbstractOperator) -> StepOptions | None:
    """The options of a task, mapped or not; None if it is not a step."""
    options = getattr(task, "step_options", None) or getattr(task.operator_class, "step_options", None)
    keywords = getattr(task.operator_class, "step_keywords", None)
    if options is None and task.is_mapped and keywords is not None:
        given: StepOptions = keywords.take(dict(getattr(task, "partial_kwargs", {})))
        return given
    return with_default_args(task, options) if isinstance(options, StepOptions) else None


def with_default_args(task: AbstractOperator, options: StepOptions) -> StepOptions:
    """The options of a task, with defaults taken from the ``default_args`` of its task group and DAG.

    :raises InvalidDag: one of them is not valid.
    """
    dag, group = task.get_dag(), task.task_group
    default_args = {
        **(dag.default_args if dag is not None else {}),
        **(group.default_args if group is not None else {}),
    }
    shared = {
        option.name: default_args[option.name]
        for option in fields(options)
        if option.metadata != _OF_ONE_STEP
        and option.name in default_args
        and getattr(options, option.name) == option.default
    }
    # A step's own answer to "can it be undone?" takes precedence over both defaults.
    if options.irreversible is not None:
        shared.pop("compensate", None)
    if options.compensate is not None:
        shared.pop("irreversible", None)
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
            "Give a plain function. The relay calls it; it is not a task.",
        )
    if not callable(handler):
        raise InvalidDag(
            f"compensate is of type {type(handler).__name__}.",
            "Give a function, or its name as 'package.module:function'.",
        )
    check_undo(handler)
