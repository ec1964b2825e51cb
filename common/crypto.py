"""Secrets at rest: AES-GCM with rotating keys, and a keyed hash for exact search.

A stored value is: one byte of format, four bytes naming the key, twelve of nonce, the ciphertext.
Rotation: put a new key in front of FIELD_KEYS; old values open with the key they name.
The hash key cannot rotate without hashing every value anew (`manage.py rotate_keys --hashes`).
"""

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_FORMAT = b"\x01"


@lru_cache(maxsize=4)
def _keys(configured: tuple[str, ...]) -> dict[bytes, AESGCM]:
    keys = {}
    for text in configured:
        raw = base64.b64decode(text)
        if len(raw) != 32:
            raise ImproperlyConfigured("FIELD_KEYS must each be the base64 of 32 bytes.")
        keys[hashlib.sha256(raw).digest()[:4]] = AESGCM(raw)
    return keys


def encrypt(text: str) -> bytes:
    """Encrypt with the newest key."""
    name, cipher = next(iter(_keys(tuple(settings.FIELD_KEYS)).items()))
    nonce = secrets.token_bytes(12)
    return _FORMAT + name + nonce + cipher.encrypt(nonce, text.encode(), None)


def decrypt(stored: bytes | memoryview) -> str:
    """Open a stored value. Raises KeyError when its key is no longer in FIELD_KEYS."""
    stored = bytes(stored)
    cipher = _keys(tuple(settings.FIELD_KEYS))[stored[1:5]]
    return cipher.decrypt(stored[5:17], stored[17:], None).decode()


def is_newest(stored: bytes) -> bool:
    """Whether a stored value was encrypted with the newest key."""
    return bytes(stored)[1:5] == next(iter(_keys(tuple(settings.FIELD_KEYS))))


def keyed_hash(text: str) -> str:
    """HMAC-SHA256 of a normalised value, in hex: equal values match, nothing else can be read from it."""
    return hmac.digest(settings.HASH_KEY.encode(), text.encode(), "sha256").hex()
