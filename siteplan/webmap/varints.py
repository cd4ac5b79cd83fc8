"""Whole numbers as short text: five bits a character, least first, in the URL-safe base-64 alphabet.

A character's sixth bit says that another follows. Signed numbers are folded first (0, -1, 1, -2 -> 0, 1, 2, 3). The
alphabet has no character that HTML or JSON would need to escape; a road's vertex takes some four characters, a third
of what it takes as decimal degrees in GeoJSON.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

_CODES = np.frombuffer(ALPHABET.encode("ascii"), dtype=np.uint8)


def encode_unsigned(numbers: NDArray[np.int64]) -> str:
    """Text of non-negative whole numbers.

    Raises
    ------
    ValueError
        If a number is negative.
    """
    if numbers.size == 0:
        return ""
    if numbers.min() < 0:
        raise ValueError(f"encode_unsigned: negative number {int(numbers.min())}")
    rest = numbers.astype(np.int64, copy=True)
    digits = []
    alive = []
    while True:
        low = rest & 31
        rest >>= 5
        more = rest > 0
        digits.append((low | (more << 5)).astype(np.uint8))
        alive.append(more)
        if not more.any():
            break
    # a digit is written if the digit before it announced it
    written = np.column_stack([np.ones(numbers.size, dtype=bool), *alive[:-1]])
    return bytes(_CODES[np.column_stack(digits)[written]]).decode("ascii")


def encode_signed(numbers: NDArray[np.int64]) -> str:
    """Text of whole numbers of either sign."""
    return encode_unsigned((numbers << 1) ^ (numbers >> 63))
