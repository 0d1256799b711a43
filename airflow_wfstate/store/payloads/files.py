"""Files of large payloads, below ``[wfstate] payload_path``.

A file is written before the transaction that refers to it, under a name never used before, and never changes. If the
transaction fails, it leaves a file without a row, which ``orphan_files.py`` removes after a day.

``<workflow id>/<step id>/<attempt>-<sha256>-<random>.json``, and ``<workflow id>/input-...`` or ``output-...`` for the
workflow itself. A name contains nothing that a user chose.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
from pathlib import Path
from typing import IO, Final

from airflow.sdk import ObjectStoragePath

from airflow_wfstate import conf
from airflow_wfstate.exceptions import PayloadDamaged, PayloadUnavailable

log = logging.getLogger(__name__)

_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NAME: Final = re.compile(rf"(?P<workflow_id>{_UUID})/(?:input|output|{_UUID}/\d+)-[0-9a-f]{{64}}-[0-9a-f]{{16}}\.json")
"""Matches the names of our files; other files below the path are left alone."""


def write_file(place: str, sha256: str, text: str) -> str:
    """Write ASCII text to a new file, and return the file's name.

    :param place: the first part of the name: ``<workflow id>/<step id>/<attempt>`` or ``<workflow id>/input``.
    :param sha256: the hash of the payload.
    :raises PayloadUnavailable: the file cannot be written.
    """
    name = f"{place}-{sha256}-{secrets.token_hex(8)}.json"
    path = root() / name
    try:
        is_new_folder = not path.parent.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:  # type: ignore[no-untyped-call]  # Airflow has no annotations there
            file.write(text.encode("ascii"))
            _settle(file)
        _settle_folders(path, name.count("/") if is_new_folder else 0)
    except Exception as error:  # each file system raises its own errors
        raise PayloadUnavailable(
            f"A value cannot be written to [wfstate] payload_path: {_first_line(error)}",
            "Try again; if it keeps failing, check that path, its connection and its permissions.",
        ) from error
    return name


def _settle(file: IO[bytes]) -> None:
    """Make a local file survive a power loss, as the row that names it does.

    An object store keeps a file when it is closed, and has no descriptor.
    """
    try:
        descriptor = file.fileno()
    except (AttributeError, OSError):
        return
    file.flush()
    os.fsync(descriptor)


def _settle_folders(path: ObjectStoragePath, above: int) -> None:
    """Make the directory entry of a local file survive a power loss, too.

    :param above: how many parent folders may be new.
    """
    if "file" not in path.fs.protocol:
        return
    folder = Path(path.path).parent
    for each in (folder, *list(folder.parents)[:above]):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_file(name: str) -> None:
    """Remove a file that nothing refers to. If that fails, it is logged and the file stays."""
    try:
        (root() / name).unlink()
    except Exception as error:  # each file system raises its own errors
        log.warning("The unused file %s could not be removed: %s", name, _first_line(error))


def read_file(name: str) -> str:
    """Read the text of a file.

    :raises PayloadDamaged: there is no such file, or the name is not one of ours.
    :raises PayloadUnavailable: it cannot be read now.
    """
    if NAME.fullmatch(name) is None:
        raise PayloadDamaged(
            f"A row refers to {name[:300]!r} as the file of a stored value, but no such file name is valid.",
            "The row was changed outside this server; restore it from a backup.",
        )
    try:
        return (root() / name).read_bytes().decode("ascii")
    except (FileNotFoundError, UnicodeError) as error:
        raise PayloadDamaged(
            f"The file {name} of a stored value is missing from [wfstate] payload_path, or is damaged.",
            "Restore it from a backup, or rerun from an earlier step: airflow wfstate restart.",
        ) from error
    except Exception as error:  # each file system raises its own errors
        raise PayloadUnavailable(
            f"The file {name} of a stored value cannot be read: {_first_line(error)}",
            "Try again; if it keeps failing, check [wfstate] payload_path, its connection and its permissions.",
        ) from error


def root() -> ObjectStoragePath:
    """The path named by ``[wfstate] payload_path``.

    :raises PayloadUnavailable: it is empty although there are payloads in files, or it is not a valid path.
    """
    path = conf.payload_path()
    try:
        if path:
            return ObjectStoragePath(path)
    except Exception as error:  # for instance, no file system with that name is installed
        raise PayloadUnavailable(
            f"[wfstate] payload_path is {path!r}: {_first_line(error)}", "Give a path that ObjectStoragePath accepts."
        ) from error
    raise PayloadUnavailable(
        "A stored value is in a file, but [wfstate] payload_path is empty.", "Set it to the path used before."
    )


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
