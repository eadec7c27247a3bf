"""Offers in words."""

from l2tpsec.protocols.ike.attributes import Attribute, basic
from l2tpsec.protocols.ike.offers import WORDS_LIMIT, allowed_suites, allowed_transforms, offered
from l2tpsec.protocols.ike.policy import MODERN, Policy
from l2tpsec.protocols.ike.proposals import Proposal, Transform, decode_sa
from tests.peers.ike_wire import windows_message_one

WINDOWS_SA = windows_message_one()[32:240]


def test_windows_in_words() -> None:
    assert offered(decode_sa(WINDOWS_SA)) == (
        "aes256/sha1/ecp384/psk, aes128/sha1/ecp256/psk, aes256/sha1/modp2048/psk, "
        "3des/sha1/modp2048/psk, 3des/sha1/modp1024/psk"
    )


def test_esp_and_the_unknown_in_words() -> None:
    attributes = (basic(6, 256), basic(5, 2), basic(3, 14), basic(4, 4))
    esp = Proposal(1, 3, b"spi!", (Transform(1, 12, attributes), Transform(2, 77, ())))
    bundle = Proposal(1, 2, b"", (Transform(1, 3, ()),))
    assert offered((esp, bundle)) == ("aes256/hmac-sha1-96/pfs modp2048/udp-transport, #77/0, ah")
    odd = Proposal(1, 1, b"", (Transform(1, 1, (Attribute(1, b"", basic=False),)),))
    assert offered((odd,)) == "#0/#0/#0/#0"


def test_long_lists_are_cut_and_empty_ones_said() -> None:
    assert offered(()) == "nothing"
    many = tuple(Transform(1, number, ()) for number in range(100, 103 + WORDS_LIMIT))
    assert offered((Proposal(1, 3, b"spi!", many),)).endswith("and 3 more")


def test_what_is_allowed() -> None:
    few = Policy.of(
        ["aes128-cbc/sha256/ecp256", "aes256-cbc/sha384/ecp384"], ["aes128-gcm", "aes256-gcm"]
    )
    assert allowed_suites(few) == "aes128-cbc/sha256/ecp256/psk, aes256-cbc/sha384/ecp384/psk"
    assert allowed_transforms(few) == "aes128-gcm, aes256-gcm"
    assert allowed_suites(MODERN).startswith("aes256-cbc or aes192-cbc or aes128-cbc / sha512 or")
