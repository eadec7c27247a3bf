"""Secrets: how strong they are, where they are read from, how new ones are made. Never shown."""

import base64
import math
import stat
import string
from itertools import pairwise
from pathlib import Path

from l2tpsec.config.kinds import Refused, strings
from l2tpsec.foundation.entropy import Entropy

FEWEST_CHARACTERS = 8
ENOUGH_BITS = 80

# What guessing programs try first; a known word is worth one choice among a thousand or so.
KNOWN_WORDS = (
    *("password", "passwort", "secret", "geheim", "letmein", "welcome", "changeme", "change-me"),
    *("qwerty", "qwertz", "asdfgh", "zxcvbn", "monkey", "dragon", "admin", "root", "user", "test"),
    *("vpn", "l2tp", "ipsec", "cisco", "mikrotik", "softether", "example", "default", "company"),
    *("abc123", "iloveyou", "master", "shared", "preshared", "psk", "key", "server", "office"),
)
KNOWN_WORD_BITS = 10.0
CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


class SecretUnreadable(Exception):  # noqa: N818 - a fact about a file
    """A secret's file cannot be used; the text says why and what to do."""


def estimated_bits(secret: str) -> float:
    """Estimate an attacker's guesses as bits; known words, runs and repeats count little."""
    rest, bits = secret.lower(), 0.0
    for word in sorted(KNOWN_WORDS, key=len, reverse=True):
        bits += KNOWN_WORD_BITS * rest.count(word)
        rest = rest.replace(word, "\n")
    letters = rest.replace("\n", "")
    if not letters:
        return bits
    fresh = 1 + sum(abs(ord(a) - ord(b)) > 1 for a, b in pairwise(letters))
    # A text of few different characters is a pattern, however long it is.
    per_letter = min(math.log2(_alphabet(secret)), 1.5 * math.log2(1 + len(set(letters))))
    return bits + fresh * per_letter + 0.5 * (len(letters) - fresh)


def _alphabet(secret: str) -> int:
    size = sum(len(letters) for letters in CLASSES if any(c in letters for c in secret))
    return size + (33 if any(c not in string.ascii_letters + string.digits for c in secret) else 0)


def refusal(psk: str) -> str:
    """Return why a pre-shared key is too weak to serve at all, or nothing.

    Anybody who is on the path of a Main Mode can test guesses offline (CVE-2018-5389).
    """
    if len(psk) < FEWEST_CHARACTERS:
        return f"the pre-shared key has fewer than {FEWEST_CHARACTERS} characters"
    if estimated_bits(psk) < 25:
        return "the pre-shared key is a word or a run that is guessed at once"
    return ""


def pre_shared_keys(value: object) -> tuple[str, ...]:
    """Take one or several pre-shared keys; a kind."""
    keys = strings(value)
    for key in keys:
        if why := refusal(key):
            raise Refused(f"{why}; leave psk out to have a strong one generated")
    return keys


def read(path: Path) -> str:
    """Return the first line of a secret's file, which nobody else may read."""
    try:
        if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            raise SecretUnreadable(f"{path} can be read by everybody: chmod 600 {path}")
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        text = f"{path} does not exist: write the secret there as its first line, then chmod 600"
        raise SecretUnreadable(text) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnreadable(f"{path} cannot be read: {_reason(error)}") from None
    if not lines or not lines[0].strip():
        raise SecretUnreadable(f"{path} is empty: put the secret on its first line")
    return lines[0].strip()


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "error" if isinstance(error, OSError) else "it is not UTF-8 text"


def generate(entropy: Entropy, groups: int = 4) -> str:
    """Make a secret that is easily typed: groups of five letters and digits, 25 bits each."""
    letters = base64.b32encode(entropy(5 * groups)).decode().lower()
    return "-".join(letters[5 * i : 5 * i + 5] for i in range(groups))
