"""What a key looks like: made, told from other text, hashed. Whose key it is stays in keyring.

A key is ``vmart_``, 32 random bytes in base64url, and six characters that let a typing mistake be told from
an unknown key, and a scanner find keys that leaked.
"""

import hashlib
import secrets
import zlib
from base64 import urlsafe_b64encode

PREFIX = "vmart_"
_LENGTH = 55


def fresh_key() -> str:
    start = PREFIX + secrets.token_urlsafe(32)
    return start + _checksum(start)


def looks_like_a_key(text: str) -> bool:
    """True for what we could have made: spares a lookup in the state for anything else."""
    return (
        len(text) == _LENGTH
        and text.isascii()
        and text.startswith(PREFIX)
        and _checksum(text[:-6]) == text[-6:]
    )


def hashed(key: str) -> str:
    """As it is stored. The key has 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def digest_of(key: str) -> bytes:
    """By which it is found; also of text that is no key, with bytes in it that are no text."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _checksum(text: str) -> str:
    return urlsafe_b64encode(zlib.crc32(text.encode()).to_bytes(4, "big")).decode()[:6]
