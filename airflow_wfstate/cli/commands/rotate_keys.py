"""``airflow wfstate rotate-keys``."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from airflow_wfstate.cli.command import database_command
from airflow_wfstate.cli.printing.progress import Progress
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_rows, print_text
from airflow_wfstate.domain.messages.key_rotation import RotatedColumn
from airflow_wfstate.domain.rules.text.counted import counted

if TYPE_CHECKING:
    from airflow_wfstate.backends.database import DatabaseBackend


@database_command
def rotate_keys(arguments: Namespace, store: DatabaseBackend) -> None:
    """Bring payloads under the first Fernet key and print what was done; exit code 1 when some cannot be read."""
    in_use = store.old_keys_in_use()
    columns: list[RotatedColumn] = []
    with Progress("rotate-keys") as progress:
        for column in store.rotate_keys():
            columns.append(column)
            progress.tell(f"{column.column}: {column.renewed} of {counted(column.examined, 'value')}", len(columns))
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
            f"{in_use} If a process still has another key in front, restart it with the new key first, and run "
            "this again before you take the old key away.",
            is_error=True,
        )
    if failures:
        raise SystemExit(1)
