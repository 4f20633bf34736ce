"""Random numbers that are functions of a counter: any one of them at once, in any order, for whole arrays.

The generator is Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
(SC 2011), which passes TestU01's BigCrush; the tests compare it with the authors' known answers. Its key and
half of its counter are a hash of the seed, so seeds may be any integers and neighbours are unrelated.
"""

from __future__ import annotations

import hashlib

import numpy as np

from corpuskit.arrays import Words

_WORD = 0xFFFFFFFF
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10


def hash_words(*parts: int | str, words: int = 2) -> list[int]:
    """Unsigned 64-bit words hashed from integers of any size and sign, and from strings."""
    text = "\0".join(f"{type(part).__name__}:{part}" for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8 * words, person=b"corpuskit").digest()
    return [int.from_bytes(digest[8 * i : 8 * i + 8], "little") for i in range(words)]


def philox(counters: Words, *, stream: int, key: int) -> tuple[Words, Words]:
    """128 random bits a counter.

    Args:
        counters: uint64[n], the low half of Philox's 128-bit counter.
        stream: The high half.
        key: Philox's 64-bit key.

    Returns:
        Two uint64[n].
    """
    shape = counters.shape
    a, b = counters & _LOW, counters >> _32
    c = np.full(shape, stream & 0xFFFFFFFF, np.uint64)
    d = np.full(shape, stream >> 32, np.uint64)
    low_key, high_key = key & 0xFFFFFFFF, key >> 32
    for _ in range(_ROUNDS):
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b = (second >> _32) ^ b ^ np.uint64(low_key), second & _LOW
        c, d = (first >> _32) ^ d ^ np.uint64(high_key), first & _LOW
        low_key = (low_key + _KEY_STEPS[0]) & 0xFFFFFFFF
        high_key = (high_key + _KEY_STEPS[1]) & 0xFFFFFFFF
    return a | (b << _32), c | (d << _32)


def _bits(counter: int, stream: int, key: int) -> int:
    """The 128 bits of one counter in Python's numbers: 5 us, where arrays of one take 60."""
    a, b, c, d = counter & _WORD, counter >> 32, stream & _WORD, stream >> 32
    low_key, high_key = key & _WORD, key >> 32
    for _ in range(_ROUNDS):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b = second >> 32 ^ b ^ low_key, second & _WORD
        c, d = first >> 32 ^ d ^ high_key, first & _WORD
        low_key = low_key + _KEY_STEPS[0] & _WORD
        high_key = high_key + _KEY_STEPS[1] & _WORD
    return (a | b << 32) << 64 | c | d << 32


def multiply_high(a: Words, b: Words | np.uint64) -> Words:
    """The high 64 bits of each 128-bit product, which NumPy has no type for: schoolbook on 32-bit halves."""
    a_low, a_high, b_low, b_high = a & _LOW, a >> _32, b & _LOW, b >> _32
    cross = a_high * b_low + ((a_low * b_low) >> _32)
    middle = a_low * b_high + (cross & _LOW)
    high: Words = a_high * b_high + (cross >> _32) + (middle >> _32)
    return high


def uniform_below(counters: Words, bound: int, *, stream: int, key: int) -> Words:
    """uint64[n], one number in [0, bound) a counter.

    It is floor(r * bound / 2**128) for 128 random bits r, so no value is likelier than another by more than
    a factor of 1 + bound / 2**128.
    """
    if len(counters) == 1:
        return np.array([_bits(int(counters[0]), stream, key) * bound >> 128], np.uint64)
    high, low = philox(counters, stream=stream, key=key)
    limit = np.uint64(bound)
    below = multiply_high(low, limit)
    carry = (high * limit + below) < below
    drawn: Words = multiply_high(high, limit) + carry
    return drawn
