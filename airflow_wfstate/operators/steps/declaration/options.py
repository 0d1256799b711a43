"""What an author says about a step when declaring it."""

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
"""The Airflow connection that names the way to the store; it need not be defined."""

_OF_ONE_STEP: Final = {"of_one_step": True}
"""The ``metadata`` of options that tell a step from others, which ``default_args`` therefore do not set."""

CompensationHandler: TypeAlias = Callable[..., object]
"""``fn(output, compensation)``; see :class:`~airflow_wfstate.operators.relay.handler.CompensationContext`."""

ItemKey: TypeAlias = Callable[..., Any] | str
"""A function of the item's keyword arguments, or a template that may use them by name."""


@dataclass(frozen=True, kw_only=True)
class StepOptions:
    """The options of a step: each is a field here, and nowhere else.

    ``@task.step``, ``durable()`` and the operators that are steps take the fields as keywords
    (``option_keywords.py``), and the table in docs/reference/authoring.md is generated from the docstrings of the
    fields. An option that was left at its default follows the ``default_args`` of the task group and the DAG, unless
    its ``metadata`` is ``_OF_ONE_STEP``.

    :raises InvalidDag: an option is wrong.
    """

    name: str | None = field(default=None, metadata=_OF_ONE_STEP)
    """Name of the step. None: the task id. ``TransactionalStepOperator`` and ``TriggerWorkflowDagRunOperator`` call it
    ``step_name``."""

    item_key: ItemKey | None = field(default=None, metadata=_OF_ONE_STEP)
    """Tells the items of a mapped step apart: a function of the item's arguments, or a template that names them. None:
    derived from the item. It must give a text, or what has one (a number, a UUID, a date, a tuple of those); None,
    blank and undefined are refused. Templates among the arguments are rendered as text for it, whatever
    ``render_template_as_native_obj`` says."""

    compensate: CompensationHandler | str | None = None
    """The undo of the step: a function, or ``"module:function"``. None: it has none."""

    compensate_when: Literal["attempted", "completed"] = "attempted"
    """``"attempted"``: every round that began is undone, unless it was skipped; ``"completed"``: only rounds that
    succeeded or whose end is unknown."""

    compensate_attempts: int = 3
    """How many times the relay tries the undo in all; at least 1."""

    on_clear: Literal["rerun", "reuse"] = "rerun"
    """What it means that somebody cleared the task after its step had succeeded. ``"rerun"``: do it again, as a new
    round with a new idempotency key; ``"reuse"``: return the stored output."""

    pivot: bool = False
    """Once this step is done, the workflow only goes forward: a later failure is held for a resume, and neither the
    policy nor a cancel undoes what was done."""

    irreversible: str | None = None
    """Why the step cannot be undone, in a few words (``"email sent"``); plans name it. None: it is not
    declared irreversible. A step with ``compensate`` cannot have it."""

    redact: Sequence[str] = ()
    """JSON paths into what the step returns and saves as checkpoints, which are hidden from users: the page, the API
    and the CLI show ``***`` there, while the step, its undo and its workflow are given the values. ``card_number`` is
    looked for at any depth, ``$.customer.address`` from the top (RFC 9535, without filters); a checkpoint of that name
    is hidden as a whole. Empty: nothing is hidden. Airflow's own XCom of the task is not covered: set
    ``do_xcom_push=False``."""

    was: Sequence[str] = field(default=(), metadata=_OF_ONE_STEP)
    """Names that the step had before, in any order: a workflow in which it began under one of them goes on with that
    step, under its new name. With it a step is renamed while workflows are open. A step without ``name`` is named
    after its task, so that moving the task into a task group renames the step too."""

    wfstate_conn_id: str = DEFAULT_CONNECTION_ID
    """The Airflow connection that names the way to the store; it need not be defined."""

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
        object.__setattr__(self, "redact", check_redact(self.redact))
        object.__setattr__(self, "was", former_names(self.was))
        if self.irreversible is not None:
            check_name("irreversible", self.irreversible)
            if self.compensate is not None:
                raise InvalidDag(
                    f"The step is irreversible ({self.irreversible}), and has a compensation.", "Declare one of both."
                )

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
        check_former_names(names)
    except InvalidName as error:
        raise InvalidDag(error.reason, error.remedy) from error
    return tuple(names)


def is_template(text: str) -> bool:
    """Whether Airflow renders the text when the task runs, so that it cannot be judged before."""
    return "{{" in text or "{%" in text


def step_options_of(task: AbstractOperator) -> StepOptions | None:
    """The options of a task, mapped or not; None when it is no step."""
    options = getattr(task, "step_options", None) or getattr(task.operator_class, "step_options", None)
    keywords = getattr(task.operator_class, "step_keywords", None)
    if options is None and task.is_mapped and keywords is not None:
        given: StepOptions = keywords.take(dict(getattr(task, "partial_kwargs", {})))
        return given
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
    shared = {
        option.name: default_args[option.name]
        for option in fields(options)
        if option.metadata != _OF_ONE_STEP
        and option.name in default_args
        and getattr(options, option.name) == option.default
    }
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
