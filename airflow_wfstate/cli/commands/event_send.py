"""``airflow wfstate event send``."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.commands.person import actor
from airflow_wfstate.cli.printing.progress import Progress
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, print_for_programs, print_text
from airflow_wfstate.domain.messages.event import SendEvents, Verdict
from airflow_wfstate.exceptions import InvalidRequest

_BATCH: Final = 500
"""Events per request."""

_BATCH_BYTES: Final = 500_000
"""Bytes per request, unless a single event is larger: half the default of ``[wfstate] max_payload_bytes``."""

_TOLD: Final = 20
"""How many rejected events are reported one by one."""


@dataclass(frozen=True)
class _Line:
    number: int
    event: dict[str, Any]
    size: int


@command
def send_events(arguments: Namespace, store: StateBackend) -> None:
    """Send the events in a file, and print their results; exit with code 1 if one was not accepted.

    It can be started again after an interruption: events that were already received are duplicates.
    """
    counts: Counter[Verdict] = Counter()
    with Progress("event send") as progress:
        for batch in _batches(_lines(arguments.file)):
            answer = store.send_events(SendEvents([line.event for line in batch], actor()))
            for line, result in zip(batch, answer.results, strict=True):
                counts[result.verdict] += 1
                bad = counts[Verdict.REFUSED] + counts[Verdict.DEAD]
                if result.verdict in (Verdict.REFUSED, Verdict.DEAD) and bad <= _TOLD:
                    why = " ".join(text for text in (result.reason, result.remedy) if text)
                    print_text(f"Line {line.number} is {result.verdict.value}: {why}", is_error=True)
            progress.tell(_told(counts), counts.total())
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs({verdict.value: counts[verdict] for verdict in Verdict}, arguments.output)
    else:
        print_text(f"{counts.total()} events: {_told(counts)}." if counts else "The file contains no events.")
    if counts[Verdict.REFUSED] or counts[Verdict.DEAD]:
        raise SystemExit(1)


def _told(counts: Counter[Verdict]) -> str:
    return ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])


def _lines(name: str) -> Iterator[_Line]:
    if name == "-":
        yield from _parsed(sys.stdin)
        return
    try:
        with Path(name).open(encoding="utf-8") as file:
            yield from _parsed(file)
    except OSError as error:
        raise InvalidRequest(f"{name} cannot be read: {error.strerror}.", "Name a file, or - for stdin.") from error


def _parsed(file: TextIO) -> Iterator[_Line]:
    number = 0
    try:
        for number, text in enumerate(file, 1):
            if text.strip():
                event = json.loads(text)
                if not isinstance(event, dict):
                    raise ValueError("it is not a JSON object")
                yield _Line(number, event, len(text))
    except (ValueError, RecursionError) as error:  # also a file that is not UTF-8
        raise InvalidRequest(
            f"Line {number} is not an event: {error}. The lines before it were sent.",
            "Write one JSON event per line, and send the file again; no event is applied twice.",
        ) from error


def _batches(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    batch: list[_Line] = []
    size = 0
    try:
        for line in lines:
            if batch and (len(batch) == _BATCH or size + line.size > _BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(line)
            size += line.size
    except InvalidRequest:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
