#!/usr/bin/env python3
"""Writes tags.bin: the tags that Python's hmac computes for 10,000 generated cases."""

import hashlib
import hmac
import pathlib

MASK = (1 << 64) - 1
state = 6


def random(end):
    """SplitMix64, as in ../differential.rs."""
    global state
    state = (state + 0x9E3779B97F4A7C15) & MASK
    mixed = state
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    return (mixed ^ (mixed >> 31)) % end


starts, everything = bytearray(), hashlib.sha256()
for _ in range(10_000):
    secret = bytes(0x21 + random(94) for _ in range(1 + random(200)))
    body = bytes(random(256) for _ in range(random(601)))
    tag = hmac.new(secret, body, hashlib.sha256).digest()
    starts += tag[:8]
    everything.update(tag)
pathlib.Path(__file__).with_name("tags.bin").write_bytes(starts + everything.digest())
