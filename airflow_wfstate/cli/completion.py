"""Shell completion (argcomplete) of workflows, names, keys, states and steps, from the store.

Someone is waiting at the prompt, so the store gets one second to answer, or ``WFSTATE_COMPLETION_SECONDS``. If
anything goes wrong, nothing is completed.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from enum import Enum
from threading import Thread
from typing import Any, Final

from airflow.utils.providers_configuration_loader import providers_configuration_loaded

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import open_store
from airflow_wfstate.cli.identify import name_and_key_pairs, workflow_id
from airflow_wfstate.cli.server import open_server
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.text.characters import shown_text

PATIENCE_VARIABLE: Final = "WFSTATE_COMPLETION_SECONDS"

_PATIENCE_SECONDS: Final = 1.0

_LONGEST_PATIENCE_SECONDS: Final = 60.0

_NEWEST: Final = 200
"""How many workflows are searched for names."""

_MOST: Final = 50
"""How many keys are offered."""


def complete_workflow(prefix: str, **_: Any) -> list[str]:
    """``name/`` for each name with this prefix, and ``name/key`` once the name is complete; only the newest keys."""
    return _ask(lambda store: list(_workflows(store, prefix)))


def complete_name(prefix: str, **_: Any) -> list[str]:
    """Names of the newest workflows."""
    return _ask(lambda store: _names(store, prefix))


def complete_key(prefix: str, parsed_args: Namespace, **_: Any) -> list[str]:
    """Keys of workflows, restricted to the given name."""
    return _ask(lambda store: _keys(store, parsed_args.name, prefix))


def complete_step(prefix: str, parsed_args: Namespace, **_: Any) -> list[str]:
    """The steps of the given workflow, each by its shortest unambiguous name."""
    return _ask(lambda store: _steps(store, parsed_args.workflow, prefix))


def complete_state(prefix: str, **_: Any) -> list[str]:
    """States of a workflow; completes the last one of a comma-separated list."""
    return _choices(WorkflowState, prefix)


def complete_step_state(prefix: str, **_: Any) -> list[str]:
    """States of a step, like :func:`complete_state`."""
    return _choices(StepState, prefix)


def complete_entry_kind(prefix: str, **_: Any) -> list[str]:
    """Kinds of journal entries, like :func:`complete_state`."""
    return _choices(EntryKind, prefix)


def _choices(kind: type[Enum], prefix: str) -> list[str]:
    given, comma, last = prefix.rpartition(",")
    return [f"{given}{comma}{one.value}" for one in kind if one.value.startswith(last)]


def _workflows(store: StateBackend, prefix: str) -> Iterator[str]:
    yield from (f"{name}/" for name in _names(store, prefix))
    for name, key in name_and_key_pairs(prefix, with_empty_key=True):
        yield from (f"{name}/{found}" for found in _keys(store, name, key))


def _names(store: StateBackend, prefix: str) -> list[str]:
    newest = store.list_workflows(WorkflowQuery(limit=_NEWEST)).workflows
    return sorted({workflow.name for workflow in newest if workflow.name.startswith(prefix)})


def _keys(store: StateBackend, name: str | None, prefix: str) -> list[str]:
    query = WorkflowQuery(name=name, key_prefix=prefix or None, limit=_MOST)
    return list(dict.fromkeys(workflow.key for workflow in store.list_workflows(query).workflows))


def _steps(store: StateBackend, workflow: str, prefix: str) -> list[str]:
    called = [group.called for group in store.get_workflow(workflow_id(workflow, store), step_limit=0).step_groups]
    names = [name.name for name in called]
    words = [name.name if names.count(name.name) == 1 else name.qualified for name in called]
    return [word for word in words if word.startswith(prefix)]


def _ask(question: Callable[[StateBackend], list[str]]) -> list[str]:
    found: list[str] = []
    # The shell ends the process once it has the answer, so a request that is still running is abandoned.
    thread = Thread(target=_answer, args=(question, found), daemon=True)
    thread.start()
    thread.join(_patience())
    return [word for word in found if word == shown_text(word)]  # do not offer what cannot be typed


def _patience() -> float:
    try:
        asked = float(os.environ.get(PATIENCE_VARIABLE, _PATIENCE_SECONDS))
    except ValueError:
        return _PATIENCE_SECONDS
    return asked if 0 < asked <= _LONGEST_PATIENCE_SECONDS else _PATIENCE_SECONDS


@providers_configuration_loaded
def _answer(question: Callable[[StateBackend], list[str]], found: list[str]) -> None:
    try:
        found.extend(question(open_server(Namespace()) or open_store()))
    except Exception:  # a prompt is no place to report any error
        return
