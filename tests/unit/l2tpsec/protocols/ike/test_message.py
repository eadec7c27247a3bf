"""One message as it came."""

import pytest

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.header import Header, decode_header, encode_message
from l2tpsec.protocols.ike.message import Message
from l2tpsec.protocols.ike.payloads import Payload, encode_chain

PATH = Path(Endpoint("192.0.2.1", 500), Endpoint("192.0.2.2", 500))


def message(body: bytes) -> Message:
    data = encode_message(Header(b"initiate", b"responds", 10, 2), body)
    return Message(decode_header(data), data, PATH, 0.0)


def test_parts() -> None:
    body = encode_chain([Payload(10, b"nonce")])
    came = message(body)
    assert (came.cookies, came.body) == (b"initiateresponds", body)
    assert came.chain().first(10) == b"nonce"
    assert came.digest() == message(body).digest() != message(body + b"\0").digest()


def test_octets_after_the_last_payload_of_a_clear_message() -> None:
    with pytest.raises(Malformed, match="after the last"):
        message(encode_chain([Payload(10, b"nonce")]) + b"\0").chain()
