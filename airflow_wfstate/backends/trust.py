"""Which certificates of an api-server to accept: by default those that Airflow's own task client accepts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from airflow_wfstate.exceptions import InvalidRequest


@dataclass(frozen=True)
class Trust:
    """The trust settings, read from ``[api]`` as Airflow's task client does (``airflow.sdk.api.client``).

    :param ca_file: ``ssl_ca_file``; empty for the system's authorities, or those of ``SSL_CERT_FILE``.
    :param certificate: ``ssl_cert``, trusted in addition; empty for none.
    :param public: ``client_use_public_certs``: whether the public authorities of certifi are trusted too.
    :param own: certificate and key with which this client identifies itself; None for none.
    :param connection_ca: the extra ``ca`` of a connection, a file or a folder, trusted in addition; empty for none.
    :param verify: False to accept any certificate.
    """

    ca_file: str = ""
    certificate: str = ""
    public: bool = True
    own: tuple[str, str] | None = None
    connection_ca: str = ""
    verify: bool = True

    @classmethod
    def of_airflow(cls, *, connection_ca: str = "", verify: bool = True) -> Trust:
        """The settings from this process's Airflow configuration."""
        from airflow.configuration import conf

        own = conf.get("api", "client_ssl_cert", fallback=""), conf.get("api", "client_ssl_key", fallback="")
        return cls(
            ca_file=conf.get("api", "ssl_ca_file", fallback="") or "",
            certificate=conf.get("api", "ssl_cert", fallback="") or "",
            public=conf.getboolean("api", "client_use_public_certs", fallback=True),
            own=(own[0], own[1]) if own[0] and own[1] else None,
            connection_ca=connection_ca,
            verify=verify,
        )

    def context_for(self, server_url: str) -> ssl.SSLContext:
        """The SSL context for a URL. It is cached, because reading the public authorities takes 20 ms.

        :raises InvalidRequest: a named file cannot be read, or contains no certificate.
        """
        if not server_url.lower().startswith("https:"):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and trusts nobody
        return _context(self)

    def described(self) -> str:
        """What is trusted, for an error message."""
        named = [
            self.ca_file and f"[api] ssl_ca_file {self.ca_file}",
            self.certificate and f"[api] ssl_cert {self.certificate}",
            self.connection_ca and f"the connection's ca {self.connection_ca}",
            self.public and "the public authorities",
        ]
        return ", ".join(text for text in named if text) or "the system's authorities"


@lru_cache(maxsize=16)
def _context(trust: Trust) -> ssl.SSLContext:
    if not trust.verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = _authorities(trust.ca_file)
    if trust.verify and trust.public:
        import certifi

        context.load_verify_locations(certifi.where())
    if trust.verify and trust.certificate:
        _load(context, "[api] ssl_cert", trust.certificate)
    if trust.verify and trust.connection_ca:
        _load(context, "The connection's extra 'ca'", trust.connection_ca)
    if trust.own is not None:
        try:
            context.load_cert_chain(*trust.own)
        except (OSError, ssl.SSLError) as error:
            raise _unreadable("[api] client_ssl_cert or client_ssl_key", " and ".join(trust.own), error) from error
    return context


def _authorities(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise _unreadable("[api] ssl_ca_file", ca_file, error) from error


def _load(context: ssl.SSLContext, option: str, path: str) -> None:
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise _unreadable(option, path, error) from error


def _unreadable(option: str, path: str, error: Exception) -> InvalidRequest:
    return InvalidRequest(
        f"{option} names {path}, which cannot be read as a certificate ({type(error).__name__}: {error}).",
        "Name a PEM file that exists on this host, or leave the option empty.",
    )


def refused_certificate(failure: BaseException) -> str | None:
    """Why a server's certificate was refused, from the failure of a request; None if that was not the cause."""
    error: BaseException | None = failure
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or str(error)
        error = error.__cause__ or error.__context__
    return None
