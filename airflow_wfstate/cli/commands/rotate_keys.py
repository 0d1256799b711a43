"""``airflow wfstate rotate-keys``."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from typing import TYPE_CHECKING

from airflow_wfstate.cli.command import database_command
from airflow_wfstate.cli.printing.progress import LINE_EVERY_SECONDS, Progress
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_rows, print_text
from airflow_wfstate.domain.messages.key_rotation import RotatedColumn

if TYPE_CHECKING:
    from airflow_wfstate.backends.database import DatabaseBackend


@database_command
def rotate_keys(arguments: Namespace, store: DatabaseBackend) -> None:
    """Re-encrypt payloads with the first Fernet key and print the result; exit with code 1 if some cannot be read."""
    in_use = store.old_keys_in_use()
    columns = _rotated(store)
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(columns), arguments.output)
    else:
        rows = [
            {
                "column": column.column,
                "examined": column.examined,
                "renewed": column.renewed,
                "failed": len(column.failures),
            }
            for column in columns
        ]
        print_rows(rows, arguments.output)
    failures = [failure for column in columns for failure in column.failures]
    for failure in failures:
        print_text(failure, is_error=True)
    if in_use is not None:
        print_text(
            f"{in_use} If a process still has another key first, restart it with the new key first, and run "
            "this again before you remove the old key.",
            is_error=True,
        )
    if failures:
        raise SystemExit(1)


def _rotated(store: DatabaseBackend) -> list[RotatedColumn]:
    """Rotate, and show the progress on stderr."""
    pages: dict[str, list[RotatedColumn]] = defaultdict(list)
    examined = 0
    with Progress("rotate-keys", pause_seconds=LINE_EVERY_SECONDS) as progress:
        total = store.count_payloads()
        for page in store.rotate_keys():
            pages[page.column].append(page)
            examined += page.examined
            # Values that are written in the meantime are checked as well.
            progress.tell(page.column, examined, max(total, examined))
    return [_sum(column, of_column) for column, of_column in pages.items()]


def _sum(column: str, pages: list[RotatedColumn]) -> RotatedColumn:
    return RotatedColumn(
        column,
        examined=sum(page.examined for page in pages),
        renewed=sum(page.renewed for page in pages),
        failures=[failure for page in pages for failure in page.failures],
    )
