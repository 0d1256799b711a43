"""Redis, the broker between schedulers and workers. It persists its data, so a restart loses no task."""

from __future__ import annotations

from demo.programs import find_program

OPTIONS = ("--save", "", "--appendonly", "yes")


def command(port: int) -> tuple[str, ...]:
    """The command that runs it in the working folder.

    :raises ProgramMissing: it is not installed.
    """
    program = find_program("redis-server", "redis-server")
    return (str(program), "--bind", "127.0.0.1", "--port", str(port), *OPTIONS)
