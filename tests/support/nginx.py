"""nginx in front of an api-server, with TLS and a path prefix."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import Certificates
from tests.support.listening import wait_until_listening

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
"""None if it is not installed (Debian's package: nginx-light)."""

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        {listen}
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location {path}/ {{
            proxy_pass {upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


@contextmanager
def running_nginx(folder: Path, port: int, path: str, upstream: str, certificates: Certificates) -> Iterator[None]:
    """Serve ``https://localhost:port/path/`` from a server that knows the path (nginx forwards it unchanged).

    :param folder: an empty folder.
    :param upstream: the server's URL, without a path.
    :raises RuntimeError: nginx does not listen; the message contains its log.
    """
    addresses = [f"127.0.0.1:{port}", *([f"[::1]:{port}"] if has_ipv6() else [])]
    listen = "\n        ".join(f"listen {address} ssl;" for address in addresses)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            listen=listen,
            certificate=certificates.certificate,
            key=certificates.key,
            path=path,
            upstream=upstream,
        )
    )
    log = folder / "error.log"
    with (folder / "output.log").open("w") as output:
        process = subprocess.Popen(
            [PROGRAM or "nginx", "-p", str(folder), "-e", str(log), "-c", str(configuration)],
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_listening("nginx", port, process, log)
        yield
    finally:
        process.terminate()
        process.wait(20)


def has_ipv6() -> bool:
    """Whether this machine has the address ::1."""
    try:
        with socket.socket(socket.AF_INET6) as listener:
            listener.bind(("::1", 0))
    except OSError:
        return False
    return True
