"""CRC-32C (Castagnoli), the checksum in TensorFlow's files, with NumPy.

The register is linear in the message over GF(2). With A its step over four zero bytes, the words w₁ … wₙ leave
Aⁿw₁ + … + A·wₙ in it. Neighbours are summed in a tree, A being squared at each level, so NumPy sees long arrays.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

UInt32 = npt.NDArray[np.uint32]

_POLYNOMIAL = np.uint32(0x82F63B78)  # like all words here, with the first bit of the message lowest
_START = np.array([0x641F6454], "<u4")  # leaves a register of ones, which a checksum begins with
_BLOCK = 1 << 14  # words that are summed at once: they stay in the processor's cache


def crc32c(data: bytes | memoryview) -> int:
    """The checksum of some bytes."""
    message = np.frombuffer(data, np.uint8)
    head = len(message) % 4
    first = np.zeros(8, np.uint8)  # zeros in front of a message change nothing
    first[4 - head : 8 - head], first[8 - head :] = _START.view(np.uint8), message[:head]
    words = message[head:].view("<u4")
    register = _sum(first.view("<u4"))
    for start in range(0, len(words), _BLOCK):
        register = _sum(np.concatenate([register, words[start : start + _BLOCK]]))
    return int(~_apply(_step(0), register)[0])


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum as TensorFlow stores it, altered so that one of data that hold checksums differs from them."""
    value = crc32c(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _sum(words: UInt32) -> UInt32:
    """The sum of the words but for the last A, uint32 [1]."""
    level = 0
    while len(words) > 1:
        if len(words) % 2:
            words = np.concatenate([np.zeros(1, np.uint32), words])
        words = _apply(_step(level), words[0::2]) ^ words[1::2]
        level += 1
    return words


@cache
def _step(level: int) -> UInt32:
    """A squared `level` times, as its value of each byte at each place of a word: uint32 [4, 256]."""
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
