"""Secrets in options, as they are with Spark Connect."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from entra_odbc import Error
from entra_odbc.spark import _encrypted
from entra_odbc.spark._options import Options


def options(session, **given):
    return Options(given, _encrypted.key_of(session), is_connect=True)


@pytest.fixture(autouse=True)
def registered():
    _encrypted.key_of("one")


def test_a_session_in_which_the_source_is_not_registered_is_told():
    with pytest.raises(Error, match=r"has not called entra_odbc\.spark\.register\(spark\) for this session"):
        _encrypted.encrypted("a clone", "PWD=x")


def test_what_was_encrypted_for_a_session_is_read_there():
    value = _encrypted.encrypted("one", "PWD={a;b};")
    assert "a;b" not in value
    assert options("one", connectionSecrets=value).get("connectionSecrets") == "PWD={a;b};"
    # In any letter case, and in sessions that need no encryption as well.
    assert options("one", CONNECTIONSECRETS=value).get("connectionSecrets") == "PWD={a;b};"
    assert Options({"connectionSecrets": value}, _encrypted.key_of("one")).get("connectionSecrets") == "PWD={a;b};"


@pytest.mark.parametrize("cut", [slice(0, -4), slice(0, 12)])
def test_nothing_else_reads_it(cut):
    value = _encrypted.encrypted("one", "PWD=x")
    for session, changed in (("other", value), ("one", value[cut])):
        with pytest.raises(Error, match="the option connectionSecrets was encrypted for another session"):
            options(session, connectionSecrets=changed)


def test_all_threads_have_one_key():
    with ThreadPoolExecutor(32) as pool:
        assert len(set(pool.map(lambda _: _encrypted.key_of("threads"), range(200)))) == 1


@pytest.mark.parametrize(
    "given", [{"connectionSecrets": "PWD=x"}, {"accesstoken": "eyJ"}, {"tokenBroker": "a b c"}, {"tokenBrokerSecret": "x"}]
)
def test_with_spark_connect_nothing_goes_as_it_is(given):
    with pytest.raises(Error, match=r"entra_odbc\.spark\.(encrypted|token_options)\(spark, …\)"):
        options("one", **given)


def test_a_secret_in_the_connection_string_is_not_sent_to_an_option_that_is_logged_too():
    with pytest.raises(Error, match=r"Pass what entra_odbc\.spark\.encrypted\(spark, …\) gives in the option connectionSecrets"):
        options("one", connection="SERVER=s;PWD=x").connection()
