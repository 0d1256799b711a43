"""Which addresses webhooks may reach: the table of targets of server-side request forgery."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from airflow_wfstate.domain.rules.webhooks.url import check_webhook_url
from airflow_wfstate.exceptions import InvalidOption, InvalidRequest
from airflow_wfstate.webhooks.allowed_hosts import AllowedHosts, is_public

NONE = AllowedHosts()

REFUSED = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1"],
    "link-local, with the metadata services of clouds": ["169.254.169.254", "fe80::1", "fe80::1%1", "fd00:ec2::254"],
    "site-local": ["fec0::1"],
    "shared (carrier NAT)": ["100.64.0.1", "100.127.255.255", "100.100.100.200"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],  # noqa: S104 - that is what is refused
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "broadcast and reserved": ["255.255.255.255", "240.0.0.1"],
    "protocol assignments": ["192.0.0.1", "192.0.0.192", "192.88.99.1"],
    "documentation and benchmarks": [
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "2001:db8::1",
        "3fff::1",
    ],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "IPv4-translated": ["::ffff:0:127.0.0.1"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1"],
    "6to4": ["2002:7f00:1::", "2002:a00:1::1"],
    "Teredo": ["2001::1"],
    "discard": ["100::1"],
    "segment routing": ["5f00::1"],
}

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001:80b::200e"]


@pytest.mark.parametrize("text", [text for texts in REFUSED.values() for text in texts])
def test_what_is_not_public_is_refused(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
    with pytest.raises(InvalidRequest, match="webhook_hosts"):
        NONE.check_literal(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_reached(text: str) -> None:
    NONE.check_literal(text)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1"])
def test_other_spellings_of_loopback_are_refused_when_they_are_looked_up(host: str) -> None:
    with pytest.raises((InvalidRequest, OSError)):
        NONE.resolve(host, 443)


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in ("8.8.8.8", "10.1.2.3")]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(InvalidRequest, match=r"hooks\.example\.com \(10\.1\.2\.3\)"):
        NONE.resolve("hooks.example.com", 443)
    assert AllowedHosts.parse(["10.1.0.0/16"]).resolve("hooks.example.com", 443) == ["8.8.8.8", "10.1.2.3"]
    assert AllowedHosts.parse(["hooks.example.com"]).resolve("HOOKS.example.com.", 443) == ["8.8.8.8", "10.1.2.3"]


@pytest.mark.parametrize(
    ("texts", "host", "is_named"),
    [
        (["hooks.example.com"], "hooks.example.com", True),
        (["Hooks.Example.com"], "hooks.example.COM.", True),
        (["hooks.example.com"], "evil-hooks.example.com", False),
        (["hooks.example.com"], "a.hooks.example.com", False),
        ([".example.com"], "a.b.example.com", True),
        ([".example.com"], "example.com", False),
        ([".example.com"], "notexample.com", False),
        (["10.0.0.0/8"], "10.2.3.4", True),
        (["10.0.0.0/8"], "11.2.3.4", False),
        (["::1"], "::1", True),
        (["[::1]"], "::1", True),
        (["127.0.0.1"], "::ffff:127.0.0.1", False),
    ],
)
def test_what_an_administrator_names(texts: list[str], host: str, is_named: bool) -> None:
    assert AllowedHosts.parse(texts).names_host(host) is is_named


@pytest.mark.parametrize("text", ["10.0.0.0/33", "*.example.com", "a:b", "10.1.2.3/8", "."])
def test_an_option_that_names_no_host_says_so(text: str) -> None:
    with pytest.raises(InvalidOption, match="webhook_hosts"):
        AllowedHosts.parse([text])


def test_http_is_for_hosts_that_are_named() -> None:
    NONE.check_scheme("https", "hooks.example.com")
    AllowedHosts.parse(["hooks.internal"]).check_scheme("http", "hooks.internal")
    with pytest.raises(InvalidRequest, match="only over https"):
        NONE.check_scheme("http", "hooks.example.com")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "ftp://hooks.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:password@hooks.example.com",
        "https://hooks.example.com@10.0.0.1/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com\\@10.0.0.1/",
        "https://hooks.example.com/\r\nHost: other",
        "https://hooks.example.com:99999",
        "https://hooks.example.com:0",
        "https://[::1",
        "https://bücher.example",
        "https://hooks.example.com/" + "x" * 2000,
    ],
)
def test_what_is_not_the_address_of_a_webhook(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_webhook_url(url)


@pytest.mark.parametrize("url", ["https://hooks.example.com", "http://10.0.0.1:8080/a?b=c%20d", "https://[2606::1]/"])
def test_addresses_of_webhooks(url: str) -> None:
    check_webhook_url(url)
