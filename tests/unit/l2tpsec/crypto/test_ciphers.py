from l2tpsec.crypto.ciphers import CIPHERS


def test_only_an_aead_brings_integrity_and_salt() -> None:
    for cipher in CIPHERS:
        assert cipher.aead == ("gcm" in cipher.name)
        assert cipher.aead == (cipher.salt_octets > 0)
        assert (cipher.ike_id is None) == cipher.aead, "RFC 2409 knows no AEAD"


def test_names_and_numbers_are_unique() -> None:
    assert len({cipher.name for cipher in CIPHERS}) == len(CIPHERS)
    assert len({(cipher.esp_id, cipher.key_octets) for cipher in CIPHERS}) == len(CIPHERS)
