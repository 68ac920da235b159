"""The structs for Driver 18: where they are, and what is written into them when."""

import struct

import pytest
from entra_odbc import _structs


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Nothing is held yet, and the time is what a test says."""
    now = [1000]
    monkeypatch.setattr(_structs, "_held", {})
    monkeypatch.setattr(_structs, "time", lambda: now[0])
    return now


def hold(token, expires_on=2000, owner="ada"):
    return _structs.hold(_structs.pack(token), expires_on, owner)


def test_the_struct_is_the_one_that_microsoft_documents():
    token = "eyJ0eXAiOiJKV1Qi.e30.c2ln"
    data = token.encode("utf-16-le")
    assert _structs.pack(token) == struct.pack(f"<I{len(data)}s", len(data), data)


def test_one_token_has_one_struct():
    assert hold("first") is hold("first")
    assert hold("first") is not hold("second")


def test_a_living_token_is_never_overwritten(clock):
    first = hold("first")
    clock[0] = 1999
    second = hold("second", 3000)
    assert (bytes(first), bytes(second)) == (_structs.pack("first"), _structs.pack("second"))


def test_a_token_that_has_ended_is_overwritten_with_the_next_of_the_same_identity(clock):
    first = hold("first")
    clock[0] = 2000
    assert hold("2nd", 3000) is first
    # Shorter than the first one; the length in front says so.
    assert first[: 4 + 6] == _structs.pack("2nd")
    assert hold("2nd", 3000) is first


def test_nobody_gets_anothers_token(clock):
    first, opaque = hold("first"), hold("opaque", owner=None)
    clock[0] = 5000
    hold("second", 6000, "grace")
    hold("third", 6000, None)
    assert (bytes(first), bytes(opaque)) == (_structs.pack("first"), _structs.pack("opaque"))


def test_a_longer_token_gets_a_struct_of_its_own(clock):
    first = hold("first")
    clock[0] = 2000
    assert hold("longer than the first", 3000) is not first
    assert bytes(first) == _structs.pack("first")


def test_a_token_without_an_end_is_never_overwritten(clock):
    first = hold("first", 0)
    clock[0] = 1e12
    assert hold("second", 0) is not first


def test_a_year_of_renewals_takes_two_structs(clock):
    for renewal in range(24 * 365):
        clock[0] = renewal * 3000
        hold(f"token {renewal:06}", clock[0] + 4500)
    assert _structs.held() == 2
