"""CRC-32C (Castagnoli), the checksum in TensorFlow's files, computed with NumPy.

The register is linear in the message over GF(2). Let A be its step over four zero bytes: then the words w₁ … wₙ leave
Aⁿw₁ + … + A·wₙ in it. Neighbours are summed in a tree that squares A at each level, so that NumPy gets long arrays.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

UInt32 = npt.NDArray[np.uint32]

_POLYNOMIAL = np.uint32(0x82F63B78)  # as in all words here, the first bit of the message is the lowest
_START = np.array([0x641F6454], "<u4")  # leaves the register that a checksum starts with, all ones
_BLOCK = 1 << 14  # words summed at once; they fit into the processor's cache


def crc32c(data: bytes | memoryview) -> int:
    """Returns the checksum of data."""
    message = np.frombuffer(data, np.uint8)
    head = len(message) % 4
    first = np.zeros(8, np.uint8)  # leading zeros don't change the sum
    first[4 - head : 8 - head], first[8 - head :] = _START.view(np.uint8), message[:head]
    words = message[head:].view("<u4")
    register = _sum(first.view("<u4"))
    for start in range(0, len(words), _BLOCK):
        register = _sum(np.concatenate([register, words[start : start + _BLOCK]]))
    return int(~_apply(_step(0), register)[0])


def masked_crc32c(data: bytes | memoryview) -> int:
    """Returns the checksum as TensorFlow stores it: altered, so that it may cover data that contain checksums."""
    value = crc32c(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _sum(words: UInt32) -> UInt32:
    """Returns the sum of the words without the last step A, uint32 [1]."""
    level = 0
    while len(words) > 1:
        if len(words) % 2:
            words = np.concatenate([np.zeros(1, np.uint32), words])
        words = _apply(_step(level), words[0::2]) ^ words[1::2]
        level += 1
    return words


@cache
def _step(level: int) -> UInt32:
    """Returns A squared `level` times, as a table of its values for each byte of a word, uint32 [4, 256]."""
    if level:
        return _apply(_step(level - 1), _step(level - 1))
    values: UInt32 = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], np.uint32)
    for _ in range(32):
        values = np.where(values & 1, values >> 1 ^ _POLYNOMIAL, values >> 1)
    return values


def _apply(step: UInt32, words: UInt32) -> UInt32:
    result: UInt32 = step[0][words & 0xFF]
    for place in (1, 2, 3):
        result = result ^ step[place][words >> (8 * place) & 0xFF]
    return result
