"""Keep the token of a login in a file, because each task runs in its own process and would have to log in again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

_FOLDER: Final = "wfstate-tokens"
_JWT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_MOST_BYTES: Final = 65_536
_HASH_ROUNDS: Final = 10_000
"""Takes about 2 ms, so that anyone who learns a file's name cannot try passwords cheaply."""
_PATIENCE_SECONDS: Final = 10
"""How long to wait for another process to log in: longer than a login takes, too short for a task to notice."""
_LOOK_SECONDS: Final = 0.05


class TokenFile:
    """The file with the token of one login on one server.

    Folder and file belong to the user that this process runs as, and nobody else may read or write them. A file with
    other permissions is left alone. If no file can be made, nothing is kept. Neither is an error: the caller logs in as
    if there were no file.

    :param folder: created if it is missing; its parent is not.
    """

    def __init__(self, folder: Path, server_url: str, login: str, password: str) -> None:
        self._path = folder
        secret, salt = (text.encode(errors="surrogatepass") for text in (password, f"{server_url}\0{login}"))
        self._name = hashlib.pbkdf2_hmac("sha256", secret, salt, _HASH_ROUNDS).hex()

    @classmethod
    def of_airflow(cls, server_url: str, login: str, password: str) -> TokenFile:
        """The file in ``AIRFLOW_HOME``, which all Airflow processes of a machine share, unlike ``XDG_RUNTIME_DIR``."""
        from airflow.configuration import AIRFLOW_HOME

        return cls(Path(AIRFLOW_HOME) / _FOLDER, server_url, login, password)

    def read(self) -> str:
        """The token that was kept last; empty if there is none."""
        with suppress(OSError, UnicodeDecodeError), self._folder() as folder, _private(self._name, folder) as file:
            token = os.read(file, _MOST_BYTES).decode()
            return token if _JWT.fullmatch(token) else ""
        return ""

    def keep(self, token: str) -> None:
        """Replace the kept token. Other processes read the old one or the new one, never a part."""
        with suppress(OSError), self._folder() as folder:
            new = f"{self._name}.{secrets.token_hex(8)}"
            try:
                with _private(new, folder, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
                    os.write(file, token.encode())
                os.replace(new, self._name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                os.unlink(new, dir_fd=folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one process at a time log in. A process that waits too long, or cannot lock, goes without the lock."""
        with ExitStack() as held:
            with suppress(OSError):
                folder = held.enter_context(self._folder())
                file = held.enter_context(_private(f"{self._name}.lock", folder, os.O_RDWR | os.O_CREAT))
                _wait_for(file)
                # Closing is not enough: a process that was forked in the meantime holds the same open file.
                held.callback(fcntl.flock, file, fcntl.LOCK_UN)
            yield

    @contextmanager
    def _folder(self) -> Iterator[int]:
        with suppress(FileExistsError):
            self._path.mkdir(0o700)
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _check_private(folder)
            yield folder
        finally:
            os.close(folder)


@contextmanager
def _private(name: str, folder: int, flags: int = os.O_RDONLY) -> Iterator[int]:
    """Open a file that only this user may read or write.

    :param folder: a file descriptor of the folder.
    :raises OSError: there is no such file, it is a link, or another user may read or write it.
    """
    file = os.open(name, flags | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    try:
        _check_private(file)
        yield file
    finally:
        os.close(file)


def _check_private(descriptor: int) -> None:
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError("another user may read or write it")


def _wait_for(file: int) -> None:
    """Take the lock, or give up after a while. ``flock`` itself has no timeout."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_SECONDS)
        else:
            return
