"""Keyed pseudonyms: the only form in which a person's identifiers leave the ``personal`` schema.

HMAC-SHA-256 (RFC 2104) under the installation's secret, cut to 80 bits: with ten million accounts the chance that any two
collide is under 1e-10. Equal input gives equal output under one key, so joins work; without the key nobody can go back or
test a guess.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

PSEUDONYM_BYTES = 10  # 80 bits, see the module's docstring


class Pseudonyms:
    """Makes pseudonyms under one secret key.

    Parameters
    ----------
    key: the secret; at least 16 bytes (``pipelines.settings`` refuses a shorter one).
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "Pseudonyms(key=…)"

    def of(self, realm: str, native_id: str) -> str:
        """The pseudonym of one identifier in one realm: "a" and 20 hexadecimal digits.

        ``realm`` is the name space in which ``native_id`` is unique: a Moodle site, "telegram", "mail".
        """
        mac = hmac.digest(self._key, f"{realm}\x1f{native_id}".encode(), sha256)
        return "a" + mac[:PSEUDONYM_BYTES].hex()

    def column(self, realm: str, native_ids: pa.Array | pa.ChunkedArray | Iterable[str | None]) -> pa.Array:
        """Pseudonyms of a whole column; null stays null. Hashes each distinct value once.

        Returns a string array of the same length.
        """
        array = native_ids if isinstance(native_ids, pa.Array | pa.ChunkedArray) else pa.array(list(native_ids), pa.string())
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if not pa.types.is_string(array.type):
            array = pc.cast(array, pa.string())
        encoded = pc.dictionary_encode(array)
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        names = pa.array([self.of(realm, value) for value in encoded.dictionary.to_pylist()], pa.string())
        return names.take(encoded.indices) if len(names) else pa.nulls(len(array), pa.string())
