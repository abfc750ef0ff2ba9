"""Only public addresses and listed ones may be used, in whatever form they are written."""

from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.notifier.delivery.addresses import METADATA, check_host, refusal_of
from workers.notifier.delivery.destination import web_address

PUBLIC = ("93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:830::200e")
REFUSED = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254"),
    *("169.254.1.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.168.1.1", "198.18.0.1"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "255.255.255.255"),
    *("240.0.0.1", "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12::1", "ff02::1"),
    *("2001:db8::1", "2002:7f00:1::", "2001:0:1::1", "3fff::1", "64:ff9b:1::1", "::7f00:1"),
    *("100::1", "5f00::1", "4000::1"),
)


def refusal(address: str, *allowed: str) -> str:
    return refusal_of(ip_address(address), [ip_network(one) for one in allowed])


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_used(address: str) -> None:
    assert refusal(address) == ""


@pytest.mark.parametrize("address", [*REFUSED, *sorted(map(str, METADATA))])
def test_any_other_address_is_refused_and_may_be_listed(address: str) -> None:
    assert refusal(address)
    assert refusal(address, address) == ""


@given(st.sampled_from([one for one in (*PUBLIC, *REFUSED) if "." in one]))
def test_an_ipv4_address_is_judged_alike_in_each_form_that_ipv6_gives_it(address: str) -> None:
    number = int(ip_address(address))
    mapped = str(IPv6Address((0xFFFF << 32) | number))
    translated = str(IPv6Address((0x64_FF9B << 96) | number))

    for form in (mapped, translated):
        assert refusal(form) == refusal(address)
        assert refusal(form, address) == ""


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254"])
def test_where_a_cloud_hands_out_credentials_is_listed_by_itself_or_not_at_all(
    address: str,
) -> None:
    wide = ("169.254.0.0/16", "fd00::/8", "::ffff:0:0/96")

    assert "credentials" in refusal(address, *wide)
    assert refusal(address, address) == ""


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "127.0.0.0x1", "1.2.3.4.5", "a.b.0x", "09"],
)
def test_a_number_is_no_name(host: str) -> None:
    with pytest.raises(ValueError, match="number"):
        check_host(host)


@pytest.mark.parametrize("host", ["", ".", "a..b", "a b", "a%20b", "a/b", "fe80::1%eth0"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        check_host(host)


@pytest.mark.parametrize(
    ("url", "host", "authority"),
    [
        ("https://ntfy.example", "ntfy.example", "ntfy.example"),
        ("https://NTFY.example.:443/a", "ntfy.example", "ntfy.example"),
        ("https://straße.example:8443/", "xn--strae-oqa.example", "xn--strae-oqa.example:8443"),
        ("https://[2606:4700::1]/", "2606:4700::1", "[2606:4700::1]"),
        ("http://10.0.0.1:81/x", "10.0.0.1", "10.0.0.1:81"),
    ],
)
def test_a_url_is_read_once_into_what_is_checked_and_used(
    url: str, host: str, authority: str
) -> None:
    address = web_address(url)

    assert (address.host, address.authority) == (host, authority)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://a.example/", "a.example", "https://", "https:///x", "https://a.example:0/"),
        *("https://a.example:99999/", "https://u:p@a.example/", "https://u@a.example/"),
        *("https://a.example\\@b.example/", "https://a\r\nHost:b.example/", "file:///etc/passwd"),
        *(
            "https://\uff11\uff12\uff17.0.0.1/",
            "https://[fe80::1%25eth0]/",
            "https://[::1/",
            "gopher://a.b/",
        ),
        f"https://a.example/{'a' * 3000}",
    ],
)
def test_what_is_no_url_for_messages_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        web_address(url)

    assert "p@" not in str(refused.value)
