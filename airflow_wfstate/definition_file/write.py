"""Write a definition in its canonical form: the YAML that is shown, and with which files are compared.

Equal definitions give equal texts: what is at its default is left out, participants and events are sorted by name.
"""

from __future__ import annotations

from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package apart, which Airflow does not install

from airflow_wfstate.domain.rules.definition import Definition, NamedDefinition
from airflow_wfstate.domain.rules.services.choreography import Choreography, Service, ServiceEvent
from airflow_wfstate.domain.rules.text.iso_duration import iso_duration


class _Inline(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # yaml is untyped here
    """Writes lists indented, and no aliases: our own reader takes none."""

    def ignore_aliases(self, data: object) -> bool:
        """No aliases, however often a value stands."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of lists below their key."""
        super().increase_indent(flow, False)


_Dumper.add_representer(
    _Inline, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)
)


def write_definition(named: NamedDefinition) -> str:
    """The YAML of a definition, as :func:`~airflow_wfstate.definition_file.read.read_definition_file` reads it."""
    text: str = yaml.dump(
        definition_values(named),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=10_000,
    )
    return text


def definition_values(named: NamedDefinition) -> dict[str, Any]:
    """The same as plain values, as the JSON Schema describes them."""
    definition, defaults = named.definition, Definition()
    choreography = definition.choreography or Choreography(None)
    values: dict[str, Any] = {"name": named.name}
    if choreography.key is not None:
        values["key"] = choreography.key
    if choreography.starts_on:
        values["starts_on"] = list(choreography.starts_on)
    if definition.plan:
        values["plan"] = list(definition.plan)
    participants: dict[str, Any] = {name: {} for name in definition.participants}
    participants |= {service.name: _service_values(service) for service in choreography.services}
    if participants:
        values["participants"] = dict(sorted(participants.items()))
    if definition.deadline_seconds is not None:
        values["deadline"] = iso_duration(definition.deadline_seconds)
    for policy in ("on_deadline", "on_failure", "on_compensation_error", "on_skip"):
        if getattr(definition, policy) is not getattr(defaults, policy):
            values[policy] = getattr(definition, policy).value
    if definition.redact:
        values["redact"] = list(definition.redact)
    return values


def _service_values(service: Service) -> dict[str, Any]:
    values: dict[str, Any] = {"sources": list(service.sources)}
    if service.users:
        values["users"] = list(service.users)
    values["events"] = {event_type: _event_values(event) for event_type, event in sorted(service.events.items())}
    if service.compensate:
        values["compensate"] = {
            step: _Inline(send=undo.event_type, within=iso_duration(undo.within_seconds))
            for step, undo in sorted(service.compensate.items())
        }
    if service.subscription is not None:
        values["subscription"] = service.subscription
    return values


def _event_values(event: ServiceEvent) -> dict[str, Any]:
    values = {"step": event.step, "is": event.meaning.value, "output": event.output, "error": event.error}
    return _Inline({name: value for name, value in values.items() if value is not None})
