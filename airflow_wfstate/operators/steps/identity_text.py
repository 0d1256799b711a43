"""Render the templates of our operators: as text what identifies workflows, steps and items.

With ``render_template_as_native_obj=True``, Airflow turns a template that gives ``1.10`` into the number 1.1, ``007``
into 7 and ``None`` into None, so that two different keys can become one. Identities are therefore rendered in a plain
environment.

Every template that uses an undefined value is refused with a remedy, in whichever option it stands.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from airflow.sdk import BaseOperator

from airflow_wfstate.exceptions import InvalidName, InvalidRequest

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

_SCALARS: Final = (bool, int, float, Decimal, uuid.UUID, datetime.date, datetime.time, datetime.timedelta)
"""Types whose text is the same in every process and represents the whole value."""

_EVERY_RUN_HAS: Final = (
    "A run without a logical date (one that is triggered manually often has none) has no {{ logical_date }}, {{ ds }} "
    "or {{ data_interval_end }}; every run has {{ dag_run.run_after }} and {{ run_id }}."
)

_REMEDY: Final = f"Correct the expression. {_EVERY_RUN_HAS}"

IDENTITY_REMEDY: Final = (
    f"Correct the expression. Do not give it a constant default: all runs would share that text. {_EVERY_RUN_HAS}"
)
"""What to do about an expression in an identity that is None or undefined."""


def identity_text(kind: str, value: object) -> str:
    """Convert a value to the text that identifies something.

    A string is used as it is. Numbers, UUIDs, dates and times, and tuples or lists of these, are converted with
    ``str()``. For an enum member, its value is used.

    :param kind: what is identified, for error messages ("workflow key").
    :raises InvalidName: the value is None, blank, or of a type whose text may differ between processes.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None:
        raise InvalidName(f"The {kind} is None.", f"Give a string as the {kind}. None would be the same for all.")
    if isinstance(value, str):
        text = str.__str__(value)
    elif _has_stable_text(value):
        text = str(value)
    else:
        raise InvalidName(
            f"The {kind} is of type {type(value).__name__}, whose text identifies nothing.",
            "Give a string, or a value with a stable text: a number, a UUID, a date, or a tuple of those.",
        )
    if not text.strip():
        raise InvalidName(f"The {kind} came out empty.", f"Give a non-empty string as the {kind}.")
    return text


def _has_stable_text(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return all(item is None or isinstance(item, str) or _has_stable_text(item) for item in value)
    return isinstance(value, _SCALARS)


def renders_natively(operator: BaseOperator) -> bool:
    """Whether Airflow turns the results of the operator's templates into Python objects."""
    own = getattr(operator, "render_template_as_native_obj", None)
    dag = operator.get_dag()
    return bool(dag is not None and dag.render_template_as_native_obj if own is None else own)


class TextTemplates:
    """Renders the templates of an operator as text, regardless of ``render_template_as_native_obj``.

    :param operator: the operator, whose DAG's macros, filters and environment options apply.
    :param variables: the variables that the templates may use.
    """

    def __init__(self, operator: BaseOperator, variables: Mapping[str, Any]) -> None:
        # Imported only when needed, so that DAG files parse faster.
        from airflow.sdk.definitions._internal.templater import create_template_env

        dag = operator.get_dag()
        self._environment = create_template_env() if dag is None else dag.get_template_env(force_sandboxed=True)
        self._variables = variables

    def identity(self, kind: str, template: object, remedy: str = IDENTITY_REMEDY) -> str:
        """Render what identifies something: a template, an XComArg, or a value.

        :param kind: as for :func:`identity_text`.
        :param remedy: what to do about an expression that is None or undefined.
        :raises InvalidName: as for :func:`identity_text`; or an expression in the template is None or undefined, whose
            text would be the same for all.
        """
        import jinja2

        if not isinstance(template, str):
            return identity_text(kind, self.nested(template))
        environment = self._environment
        if environment.finalize is None:
            environment = environment.overlay(finalize=_refuse_nothing(kind, template, remedy))
        try:
            return identity_text(kind, self._text(environment, template))
        except jinja2.UndefinedError as error:
            raise InvalidName(
                f"The template {template[:200]!r} of the {kind} uses an undefined value: {error}.",
                remedy,
            ) from error

    def nested(self, value: object, rendered: Collection[int] = ()) -> Any:
        """Render every template in a value as text, and resolve every XComArg in it.

        :param rendered: ids of objects that are not templates, because they came from XComs.
        """
        if id(value) in rendered:
            return value
        if isinstance(value, str):
            return self._text(self._environment, value)
        if isinstance(value, (list, set)) or type(value) is tuple:
            return type(value)(self.nested(item, rendered) for item in value)
        if isinstance(value, dict):
            return {name: self.nested(item, rendered) for name, item in value.items()}
        return resolve_reference(value, self._variables)

    def _text(self, environment: jinja2.Environment, template: str) -> str:
        from airflow.sdk.definitions.context import render_template_to_string

        return render_template_to_string(environment.from_string(template), cast("Context", self._variables))


def resolve_reference(value: object, context: Mapping[str, Any]) -> object:
    """The value of an XComArg or another of Airflow's references; any other value unchanged."""
    from airflow.sdk.definitions._internal.mixins import ResolveMixin

    return value.resolve(cast("Context", context)) if isinstance(value, ResolveMixin) else value


@contextmanager
def _refusing_undefined(option: str, value: object) -> Iterator[None]:
    """Tell the author which option uses an undefined value, and what every run has.

    :param value: the option as it was declared.
    :raises InvalidRequest: a template in it uses an undefined value.
    """
    import jinja2

    template = f"The template {value[:200]!r} of the option" if isinstance(value, str) else "A template in the option"
    try:
        yield
    except jinja2.UndefinedError as error:
        raise InvalidRequest(f"{template} {option} uses an undefined value: {error}.", _REMEDY) from error


def _raise_undefined(value: object) -> None:
    """Raise the error of an undefined value, which native rendering hands on as an object instead.

    :raises jinja2.UndefinedError: the DAG's kind of undefined has no text, and the value is one, or holds one.
    """
    import jinja2

    if isinstance(value, jinja2.Undefined):
        str(value)
    elif isinstance(value, (list, tuple, set, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            _raise_undefined(item)


def _refuse_nothing(kind: str, template: str, remedy: str) -> Callable[[object], object]:
    import jinja2

    def finalize(value: object) -> object:
        if value is None or isinstance(value, jinja2.Undefined):
            what = "None" if value is None else "not defined"
            raise InvalidName(f"An expression in the template {template[:200]!r} of the {kind} is {what}.", remedy)
        return value

    return finalize


class TextIdentities(BaseOperator):
    """A base class for all our operators with templates. Fields that are identities are rendered as text.

    Each field may be a template, an XComArg or a value. None is left alone.
    """

    identity_fields: ClassVar[Mapping[str, str]] = {}
    """Names of template fields, and what each identifies, for error messages."""

    text_fields: ClassVar[Sequence[str]] = ()
    """Template fields that are also rendered as text, and may hold nested values."""

    option_names: ClassVar[Mapping[str, str]] = {}
    """Names of the options whose template fields have other names, for error messages."""

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
    ) -> None:
        """Airflow calls this for a task, for an item of a mapped task, and for the fields of a template file."""
        if parent is not self:
            super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
            return
        templates = TextTemplates(self, context)
        for name, kind in self.identity_fields.items():
            value = getattr(self, name)
            if id(value) in seen_oids:  # it came from an XCom, and is not a template
                setattr(self, name, identity_text(kind, value))
            elif value is not None:
                setattr(self, name, templates.identity(kind, value))
        for name in template_fields:
            if name in self.identity_fields:
                continue
            value = getattr(self, name, None)
            with _refusing_undefined(self.option_names.get(name, name), value):
                if name in self.text_fields:
                    setattr(self, name, templates.nested(value, seen_oids))
                else:
                    super()._do_render_template_fields(parent, [name], context, jinja_env, seen_oids)
                    if renders_natively(self):
                        _raise_undefined(getattr(self, name, None))
