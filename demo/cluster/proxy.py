"""HAProxy in front of the api-servers: each request goes to a healthy one."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from demo.programs import find_program


def configuration(*, bind: str, servers: Mapping[str, str], control: str = "", resolvers: bool = False) -> str:
    """The text of ``haproxy.cfg``.

    :param bind: the address to listen on.
    :param servers: the address of each api-server, by its name.
    :param control: the address of its command interface; empty for none.
    :param resolvers: whether to keep resolving names, because containers change their addresses.
    """
    lookup = " resolvers dns init-addr last,libc,none" if resolvers else ""
    lines = [
        "global",
        "    maxconn 1000",
        *([f"    stats socket {control} level admin"] if control else []),
        "",
        *(["resolvers dns", "    parse-resolv-conf", ""] if resolvers else []),
        "defaults",
        "    mode http",
        "    balance roundrobin",
        "    # Try another server when one cannot be reached. The client repeats a request that was cut off.",
        "    option redispatch",
        "    retries 3",
        "    timeout connect 2s",
        "    timeout client 75s",
        "    timeout server 75s",
        "    # A busy server is not dead. With the two seconds of `inter`, all servers were sometimes taken out.",
        "    timeout check 10s",
        "",
        "listen airflow",
        f"    bind {bind}",
        "    option httpchk GET /api/v2/version",
        f"    default-server check inter 2s fall 2 rise 1{lookup}",
        *(f"    server {name} {address}" for name, address in servers.items()),
    ]
    return "\n".join(lines) + "\n"


def write(folder: Path, port: int, control_port: int, servers: Mapping[str, int]) -> tuple[str, ...]:
    """Write its file, and return the command that runs it.

    :param servers: the port of each api-server, by its name.
    :raises ProgramMissing: it is not installed.
    """
    program = find_program("haproxy", "haproxy")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "haproxy.cfg"
    file.write_text(
        configuration(
            bind=f"127.0.0.1:{port}",
            servers={name: f"127.0.0.1:{its_port}" for name, its_port in servers.items()},
            control=f"ipv4@127.0.0.1:{control_port}",
        )
    )
    return (str(program), "-db", "-f", str(file))


def drop_connections(control_port: int, server: str) -> None:
    """Cut every connection to an api-server, with the requests on it."""
    with socket.create_connection(("127.0.0.1", control_port), timeout=5) as control:
        control.sendall(f"shutdown sessions server airflow/{server}\n".encode())
        while control.recv(4096):
            pass  # HAProxy responds and closes the connection
