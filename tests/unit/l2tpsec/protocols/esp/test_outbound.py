import itertools
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.ipsec import ESP, SecurityAssociation

from l2tpsec.crypto.ciphers import AES128_GCM, AES256_CBC, TRIPLE_DES_CBC
from l2tpsec.crypto.contexts import cbc_decryptor
from l2tpsec.crypto.integrity import HMAC_SHA1_96, HMAC_SHA256_128
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.protocols.esp.inbound import inbound_sa
from l2tpsec.protocols.esp.outbound import (
    BLOCKS_AT_ONCE,
    LAST_SEQUENCE,
    SequenceExhausted,
    outbound_sa,
)
from tests.unit.l2tpsec.protocols.esp import oracle

SPI = 0xFEDCBA98
every = pytest.mark.parametrize("transform", oracle.TRANSFORMS, ids=lambda t: t.name)


@every
def test_the_oracle_opens_what_it_seals(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    sa = outbound_sa(transform, SPI, keys, os.urandom)
    octets = 0
    for sequence, size in enumerate([0, 1, 2, 5, 13, 14, 15, 16, 17, 1400, 65000], 1):
        payload = os.urandom(size)
        packet = sa.seal(payload)
        octets += len(packet)
        plaintext = oracle.padded(transform, payload)
        assert oracle.open_(transform, keys, packet) == (SPI, sequence, plaintext)
    assert (sa.sequence, sa.octets) == (11, octets)


@every
def test_round_trip(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    seal = outbound_sa(transform, SPI, keys, os.urandom).seal
    open_ = inbound_sa(transform, keys).open
    for _ in range(1000):
        assert open_(seal(b"payload")) == b"payload"


def test_next_header_is_written() -> None:
    transform = EspTransform(AES256_CBC, HMAC_SHA1_96)
    keys = oracle.keys(transform)
    packet = outbound_sa(transform, SPI, keys, os.urandom, next_header=4).seal(b"")
    assert inbound_sa(transform, keys, next_header=4).open(packet) == b""


@pytest.mark.parametrize(
    "transform",
    [EspTransform(AES256_CBC, HMAC_SHA1_96), EspTransform(TRIPLE_DES_CBC, HMAC_SHA1_96)],
    ids=lambda t: t.name,
)
def test_ivs_never_come_twice_even_with_dull_entropy(transform: EspTransform) -> None:
    iv = slice(8, 8 + transform.cipher.iv_octets)
    sa = outbound_sa(transform, SPI, oracle.keys(transform), bytes)
    ivs = {sa.seal(b"the same payload")[iv] for _ in range(3000)}
    assert len(ivs) == 3000


def test_every_random_octet_is_used_once() -> None:
    """IVs come from fresh random blocks, which all SAs share; no block serves twice."""
    transform = EspTransform(AES256_CBC, HMAC_SHA1_96)
    drawn: list[bytes] = []
    source = random.Random(1)

    def entropy(octets: int) -> bytes:
        drawn.append(source.randbytes(octets))
        return drawn[-1]

    keys = oracle.keys(transform)
    sas = [outbound_sa(transform, SPI, keys, entropy) for _ in range(2)]
    decrypt = cbc_decryptor(AES256_CBC, keys.encryption)
    sealed = [sas[number % 2].seal(b"") for number in range(BLOCKS_AT_ONCE + 2)]
    assert [len(each) for each in drawn] == [16 * BLOCKS_AT_ONCE] * 2
    # the first packet of each SA: its IV is the random block, encrypted behind a chain of zeros
    used = [decrypt(bytes(16) + packet[8:24])[16:] for packet in sealed[:2]]
    assert used == [drawn[0][:16], drawn[0][16:32]]


def test_gcm_iv_is_the_sequence_number() -> None:
    transform = EspTransform(AES128_GCM)
    sa = outbound_sa(transform, SPI, oracle.keys(transform), os.urandom)
    assert [sa.seal(b"")[8:16] for _ in range(2)] == [bytes(7) + b"\x01", bytes(7) + b"\x02"]


@pytest.mark.parametrize(
    "transform", [EspTransform(AES256_CBC, HMAC_SHA1_96), EspTransform(AES128_GCM)]
)
def test_the_last_sequence_number_ends_the_sa(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    sa = outbound_sa(transform, SPI, keys, os.urandom)
    sa.sequence = LAST_SEQUENCE - 1
    assert oracle.open_(transform, keys, sa.seal(b""))[1] == LAST_SEQUENCE
    for _ in range(2):
        with pytest.raises(SequenceExhausted):
            sa.seal(b"")
    assert sa.sequence == LAST_SEQUENCE


SCAPY = {
    "aes256-cbc": "AES-CBC",
    "3des-cbc": "3DES",
    "aes128-gcm": "AES-GCM",
    "hmac-sha1-96": "HMAC-SHA1-96",
    "hmac-sha256-128": "SHA2-256-128",
}


@pytest.mark.parametrize(
    "transform",
    [
        EspTransform(AES256_CBC, HMAC_SHA1_96),
        EspTransform(AES256_CBC, HMAC_SHA256_128),
        EspTransform(TRIPLE_DES_CBC, HMAC_SHA1_96),
        EspTransform(AES128_GCM),
    ],
    ids=lambda t: t.name,
)
def test_scapy_agrees_both_ways(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    integrity = transform.integrity
    scapy = SecurityAssociation(
        ESP,
        spi=SPI,
        crypt_algo=SCAPY[transform.cipher.name],
        crypt_key=keys.encryption,
        auth_algo=SCAPY[integrity.name] if integrity else None,
        auth_key=keys.integrity or None,
    )
    plain = IP(src="203.0.113.7", dst="198.51.100.1") / UDP(sport=1701, dport=1701) / b"hello"
    datagram = bytes(plain[UDP])
    theirs = scapy.encrypt(IP(bytes(plain)))
    assert inbound_sa(transform, keys).open(bytes(theirs[ESP])) == datagram
    ours = outbound_sa(transform, SPI, keys, os.urandom).seal(datagram)
    carrier = IP(src="203.0.113.7", dst="198.51.100.1", proto=50) / ESP(ours)
    assert bytes(scapy.decrypt(IP(bytes(carrier)))[UDP]) == datagram


@every
@settings(max_examples=25)
@given(st.lists(st.lists(st.binary(max_size=60), max_size=9), max_size=9), st.binary(max_size=20))
def test_a_train_is_sealed_as_its_payloads_are_one_by_one(
    transform: EspTransform, trains: list[list[bytes]], front: bytes
) -> None:
    keys = oracle.keys(transform)
    single, together = (
        outbound_sa(transform, SPI, keys, random.Random(1).randbytes) for _ in range(2)
    )
    for payloads in trains:
        one_by_one = [single.seal(front + payload) for payload in payloads]
        assert together.seal_train(payloads, front) == one_by_one
        assert (together.sequence, together.octets) == (single.sequence, single.octets)


@every
def test_a_train_ends_with_the_sequence_numbers(transform: EspTransform) -> None:
    sa = outbound_sa(transform, SPI, oracle.keys(transform), os.urandom)
    sa.sequence = LAST_SEQUENCE - 2
    assert len(sa.seal_train([b"x"] * 5)) == 2
    assert sa.seal_train([b"x"]) == []
    with pytest.raises(SequenceExhausted):
        sa.seal(b"x")


def test_trains_never_share_a_random_block() -> None:
    transform = EspTransform(AES256_CBC, HMAC_SHA1_96)
    keys = oracle.keys(transform)
    source = random.Random(2)
    sas = [outbound_sa(transform, SPI, keys, source.randbytes) for _ in range(2)]
    decrypt = cbc_decryptor(AES256_CBC, keys.encryption)
    blocks = []
    for number, size in enumerate([100, 1, 200, BLOCKS_AT_ONCE, BLOCKS_AT_ONCE + 9, 3, 50]):
        packets = sas[number % 2].seal_train([b""] * size)
        # Each first block was encrypted behind the last ciphertext of the packet before.
        pairs = itertools.pairwise(packets)
        blocks += [decrypt(one[-28:-12] + two[8:24])[16:] for one, two in pairs]
    assert len(set(blocks)) == len(blocks)
