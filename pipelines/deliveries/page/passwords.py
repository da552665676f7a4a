"""Passwords: made, hashed and checked. scrypt (RFC 7914) with the parameters that OWASP gives for 32 MiB."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_N, _R, _P = 2**15, 8, 3
_SALT_BYTES, _KEY_BYTES = 16, 32
_MEMORY = 128 * _N * _R * 2
#: Letters that are not mistaken for one another when read from paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LETTERS = 4, 4


def new_password() -> str:
    """A password to be read from paper once: four groups of four letters, 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LETTERS)) for _ in range(_GROUPS))


def hashed(password: str) -> str:
    """What is kept of a password: parameters, salt and key."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_key(password, salt, _N, _R, _P).hex()}"


def is_right(password: str, kept: str) -> bool:
    """Is it the password of that hash? Takes the same time for a wrong one."""
    _, n, r, p, salt, key = kept.split("$")
    return hmac.compare_digest(_key(password, bytes.fromhex(salt), int(n), int(r), int(p)), bytes.fromhex(key))


def _key(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_KEY_BYTES)


#: Checked when there is no such name, so that the answer takes as long as for a wrong password.
NOBODYS = hashed(secrets.token_urlsafe())
