"""Every ID type in every slot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.identity import (
    identity_words,
    is_client_selector,
    is_server_selector,
    selector_words,
)
from l2tpsec.protocols.ike.payloads import Identification

BYTE = st.integers(0, 255)
ANY = st.builds(Identification, BYTE, BYTE, st.integers(0, 65535), st.binary(max_size=40))


@given(ANY)
def test_any_identity_is_words_or_malformed(identification: Identification) -> None:
    try:
        assert identity_words(identification).isprintable()
    except Malformed as malformed:
        assert malformed.reason


@pytest.mark.parametrize(
    ("id_type", "data", "words"),
    [
        (1, "c0000207", "192.0.2.7"),
        (2, b"pc.example".hex(), "pc.example"),
        (3, b"alice@example".hex(), "alice@example"),
        (4, "c0000200ffffff00", "IPV4-ADDR-SUBNET c0000200ffffff00"),
        (5, "20010db8" + "00" * 11 + "01", "2001:db8::1"),
        (9, "3000", "DER-ASN1-DN 3000"),
        (11, "67726f7570", "group"),
        (11, "610a00ff25", "a\\x0a\\x00\\xff%"),
    ],
)
def test_words(id_type: int, data: str, words: str) -> None:
    assert identity_words(Identification(id_type, 0, 0, bytes.fromhex(data))) == words


@pytest.mark.parametrize("id_type", [0, 12, 200, 255])
def test_unknown_types_are_malformed(id_type: int) -> None:
    with pytest.raises(Malformed, match="identity of type"):
        identity_words(Identification(id_type, 0, 0, b"data"))


@pytest.mark.parametrize("id_type", [1, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("octets", [1, 3, 5, 33])
def test_addresses_of_wrong_size_are_malformed(id_type: int, octets: int) -> None:
    with pytest.raises(Malformed):
        identity_words(Identification(id_type, 0, 0, bytes(octets)))


@given(ANY)
def test_any_selector_is_judged(identification: Identification) -> None:
    if is_server_selector(identification):
        assert identification.id_type == 1
        assert identification.port in (0, 1701)
    if is_client_selector(identification):
        assert identification.protocol in (0, 17)
    assert selector_words(identification)


@pytest.mark.parametrize("port", [0, 1701, 50979])
def test_the_clients_own_selectors_fit(port: int) -> None:
    for protocol in (0, 17):
        assert is_client_selector(Identification(1, protocol, port, bytes(4)))
    assert is_client_selector(Identification(2, 17, port, b"old-pc"))


@pytest.mark.parametrize("id_type", range(13))
def test_only_an_address_names_the_server(id_type: int) -> None:
    fits = is_server_selector(Identification(id_type, 17, 1701, bytes(4)))
    assert fits == (id_type == 1)


@pytest.mark.parametrize(
    ("protocol", "port", "octets"), [(6, 1701, 4), (17, 500, 4), (17, 1701, 0), (17, 1701, 8)]
)
def test_other_traffic_is_not_ours(protocol: int, port: int, octets: int) -> None:
    assert not is_server_selector(Identification(1, protocol, port, bytes(octets)))


def test_client_selectors_of_wrong_size() -> None:
    assert not is_client_selector(Identification(1, 17, 1701, bytes(3)))
    assert not is_client_selector(Identification(4, 17, 1701, bytes(4)))
    assert not is_client_selector(Identification(1, 6, 1701, bytes(4)))
