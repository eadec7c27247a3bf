from l2tpsec.crypto.ciphers import AES128_GCM, AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA256_128
from l2tpsec.crypto.transforms import EspTransform


def test_a_pair_of_algorithms_has_both_keys_and_names() -> None:
    transform = EspTransform(AES256_CBC, HMAC_SHA256_128)
    assert transform.name == "aes256-cbc/hmac-sha256-128"
    assert (transform.encryption_key_octets, transform.integrity_key_octets) == (32, 32)
    assert transform.icv_octets == 16


def test_an_aead_has_its_salt_behind_the_key() -> None:
    transform = EspTransform(AES128_GCM)
    assert transform.name == "aes128-gcm"
    assert (transform.encryption_key_octets, transform.integrity_key_octets) == (20, 0)
    assert transform.icv_octets == 16
