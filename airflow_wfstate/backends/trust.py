"""Which certificates an api-server may show: by default those that Airflow's own task client trusts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from airflow_wfstate.exceptions import InvalidRequest


@dataclass(frozen=True)
class Trust:
    """What is trusted, as Airflow's task client reads it from ``[api]`` (``airflow.sdk.api.client``).

    :param ca_file: ``ssl_ca_file``; empty: the system's authorities, or those of ``SSL_CERT_FILE``.
    :param certificate: ``ssl_cert``, trusted beside them; empty: none.
    :param public: ``client_use_public_certs``: whether the public authorities of certifi are trusted too.
    :param own: certificate and key by which this client shows who it is; None: it shows none.
    :param connection_ca: the extra ``ca`` of a connection, a file or a folder, trusted beside them; empty: none.
    :param verify: False: any certificate is taken.
    """

    ca_file: str = ""
    certificate: str = ""
    public: bool = True
    own: tuple[str, str] | None = None
    connection_ca: str = ""
    verify: bool = True

    @classmethod
    def of_airflow(cls, *, connection_ca: str = "", verify: bool = True) -> Trust:
        """What this process' Airflow configuration says."""
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
        """The context for an address; kept, because the public authorities take 20 ms to read.

        :raises InvalidRequest: a file that is named cannot be read, or holds no certificate.
        """
        if not server_url.lower().startswith("https:"):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; trusts nobody
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
    """Why the certificate of a server was refused, from the failure of a request; None when that was not the reason."""
    error: BaseException | None = failure
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or str(error)
        error = error.__cause__ or error.__context__
    return None
