"""What the options of a read or write may be, and what is said where they are wrong."""

import pytest
from entra_odbc import Error
from entra_odbc.spark._options import Options


def refusal(**options):
    with pytest.raises(Error) as raised:
        Options(options).connection() if "connection" in options else Options(options)
    return raised.value.message


def test_the_nearest_name_is_told_for_an_unknown_option():
    assert refusal(partitioncolum="id") == "the option partitioncolum is unknown. Is it partitionColumn?"
    assert "There are: accessToken," in refusal(zzz="1")


def test_names_have_no_case():
    assert Options({"DBTABLE": "dbo.t"}).get("dbtable") == "dbo.t"


@pytest.mark.parametrize("secret", ["PWD=x", "Password={a;b}", "Access Token=x", "client-secret=x", "KeystoreSecret=x"])
def test_a_secret_may_not_stand_where_spark_shows_it(secret):
    message = refusal(connection=f"SERVER=s;{secret};DATABASE=d")
    assert "connectionSecrets" in message and "event log" in message
    assert "x" not in message.split(".")[0].removeprefix(secret.split("=")[0].upper()).split("stands")[0]


def test_a_file_with_a_secret_may_be_named():
    assert Options({"connection": "SERVER=s;PWDFile=/run/secret"}).connection()


@pytest.mark.parametrize("value", ["many", "1.5", "0", "-3"])
def test_a_number_is_one(value):
    with pytest.raises(Error, match="numPartitions"):
        Options({"numPartitions": value}).number("numPartitions", 1)


@pytest.mark.parametrize("value", ["id < 5", "[]", "[1]", '{"a": 1}', '[" "]'])
def test_predicates_are_a_list_of_texts(value):
    with pytest.raises(Error, match="JSON list"):
        Options({"predicates": value}).texts("predicates")
