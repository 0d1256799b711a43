"""Which hosts and addresses webhooks may reach.

A name is resolved once per connection, and the checked address is the one that is connected to, so changing the address
in between (DNS rebinding) has no effect.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.exceptions import InvalidOption, InvalidRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

OPTION: Final = "[wfstate] webhook_hosts"

_CARRY_IPV4: Final = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "::/96",  # IPv4-compatible (RFC 4291, section 2.5.5.1)
            "::ffff:0:0/96",  # IPv4-mapped (RFC 4291, section 2.5.5.2)
            "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
            "64:ff9b::/96",  # NAT64 (RFC 6052)
            "64:ff9b:1::/48",  # NAT64 of one's own (RFC 8215)
            "2001::/32",  # Teredo (RFC 4380)
            "2002::/16",  # 6to4 (RFC 3056)
        ),
    )
)
"""IPv6 networks whose addresses can stand for any IPv4 address, including private ones."""

_NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            # What is_global of Python 3.10 to 3.12 does not know, or calls global.
            "100.64.0.0/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "240.0.0.0/4",
            "fec0::/10",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
            "100::/64",
        ),
    )
)


@dataclass(frozen=True)
class AllowedHosts:
    """What an administrator allows in addition to public addresses: ``[wfstate] webhook_hosts``.

    :param names: host names in lower case; a name that begins with a dot includes all subdomains.
    :param networks: networks of addresses.
    """

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = field(default_factory=tuple)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> AllowedHosts:
        """What the texts of the option name.

        :raises InvalidOption: one is neither a host name nor an address or a network.
        """
        names, networks = set[str](), list[Network]()
        for text in texts:
            try:
                networks.append(ipaddress.ip_network(text.strip("[]")))
            except ValueError as error:
                if "/" in text or ":" in text or "*" in text or not text.strip("."):
                    raise InvalidOption(
                        f"{OPTION} contains {text[:100]!r}: {error}.",
                        "Name hosts (hooks.example.com), subdomains (.example.com), addresses and networks "
                        "(10.20.0.0/16), separated by commas.",
                    ) from error
                names.add(text.lower().rstrip("."))
        return cls(frozenset(names), tuple(networks))

    def names_host(self, host: str) -> bool:
        """Whether a host or its network is listed, so that it may be reached at any address, also over http."""
        host = host.lower().rstrip(".")
        above = (host[position:] for position, character in enumerate(host) if character == ".")
        if host in self.names or any(name in self.names for name in above):
            return True
        try:
            return self._holds(ipaddress.ip_address(host))
        except ValueError:
            return False

    def check_scheme(self, scheme: str, host: str) -> None:
        """Check that webhooks may be sent to this host with this scheme.

        :raises InvalidRequest: the scheme is http, and the host is not listed.
        """
        if scheme != "https" and not self.names_host(host):
            raise InvalidRequest(
                f"Webhooks can be sent to {host} only over https, because over http anyone on the way could read them.",
                f"Use https, or name the host in {OPTION}.",
            )

    def check_literal(self, host: str) -> None:
        """Check a host that is itself an address. Names are resolved when connecting.

        :raises InvalidRequest: webhooks may not reach it.
        """
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        self._check(host, address)

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of which are allowed, in the order in which to try them.

        :raises OSError: the name has no address, or cannot be resolved.
        :raises InvalidRequest: webhooks may not reach one of its addresses.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        texts = list(dict.fromkeys(str(where[0]) for *_, where in found))
        if not self.names_host(host):
            for text in texts:
                self._check(host, ipaddress.ip_address(text))
        return texts

    def _check(self, host: str, address: Address) -> None:
        if is_public(address) or self._holds(address):
            return
        named = host if host == str(address) else f"{host} ({address})"
        raise InvalidRequest(
            f"Webhooks may not be sent to {named}, because the address is not public.",
            f"If it is your own receiver, add the host or the network to {OPTION}, where airflow wfstate deliver "
            "and the api-server run.",
        )

    def _holds(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


def is_public(address: Address) -> bool:
    """Whether an address belongs to a host of the public Internet, and to one alone.

    Not public: loopback, private, link-local, site-local, shared, unspecified, multicast, reserved, documentation, and
    every form of IPv6 address that carries an IPv4 address, whatever that is.
    """
    if isinstance(address, ipaddress.IPv6Address) and (
        address.scope_id is not None or any(address in network for network in _CARRY_IPV4)
    ):
        return False
    if any(address.version == network.version and address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or address.is_private
    )
