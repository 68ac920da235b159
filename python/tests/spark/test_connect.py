"""Spark Connect: the notebook has no driver in its process; all that it asks for goes to a server by gRPC."""

import time
import uuid
from pathlib import Path

import pyspark
import pytest
from conftest import TIMEOUT_S, Notebook, Service

CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
SETTINGS = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    "spark.ui.enabled": "false",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.sql.session.timeZone": "UTC",
    # It tells where it listens.
    "spark.log.level": "INFO",
}


def started(machine):
    """A server of Spark Connect with two executors."""
    submit = Path(pyspark.__file__).parent / "bin/spark-submit"
    settings = SETTINGS | {"spark.eventLog.dir": f"file://{machine.directory}"}
    options = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    command = [submit, "--master", "local-cluster[2,1,1024]", *options, "--class", CLASS, "spark-internal"]
    return Service(command, machine, ready="Spark Connect server started at: ")


@pytest.fixture(scope="module")
def connected(tmp_path_factory, new_machine):
    """A server of Spark Connect, and a notebook that is connected to it."""
    machine = new_machine(tmp_path_factory.mktemp("connect"))
    server = started(machine)
    try:
        machine.variables["CONNECT_SERVER"] = "sc://" + server.ready.split()[-1]
        notebook = Notebook(machine)
        try:
            yield server, notebook
        finally:
            notebook.close()
    finally:
        server.close()


@pytest.fixture
def cells(connected, standins):
    """The notebook, with nothing left of what tests asked of the stand-ins before."""
    standins.forget()
    return connected[1]


def who_signed_in(standins):
    return {login["outcome"]["accepted"] for login in standins.logins()}


def test_executors_sign_in_by_the_string_alone(cells, standins, machine):
    code = "result = table('standin.pairs(1000)', partitionColumn='id', numPartitions=4).selectExpr('sum(id)').collect()[0][0]"
    assert cells.run(code) == 500_500
    assert who_signed_in(standins) == {machine.msi}


def shown(server, notebook, among):
    """What Spark's server and the notebook have printed and logged up to now, which has `among` in it."""
    # The event log is written in order, so that it has all from before this query when it has this one.
    marker = uuid.uuid4().hex
    notebook.run("spark.range(1).selectExpr(text).collect()", text=f"'{marker}'")
    ends = time.monotonic() + TIMEOUT_S
    while time.monotonic() < ends:
        files = [path for path in notebook.machine.directory.rglob("*") if path.is_file() and "events" in path.name]
        events = "".join(path.read_text(errors="replace") for path in files)
        if marker in events:
            assert among in events
            return "".join([events, *server.log, notebook.output()])
        time.sleep(0.1)
    pytest.fail("the event log does not have the last query")


def test_a_person_signs_in_with_one_token_that_is_shown_nowhere(connected, cells, standins):
    passed, token, key, rows = cells.run(
        """
        credential = entra_odbc.Credential(ADA)
        options = entra_odbc.spark.token_options(spark, credential, needed_for=600)
        frame = table("standin.pairs(1000)", connection=SERVER, hashColumn="id", numPartitions=4, **options)
        result = [options["accessToken"], credential.get_token().token, entra_odbc.spark._encrypted.key_of(spark.session_id).decode(), frame.count()]
        """
    )
    assert rows == 1000
    assert who_signed_in(standins) == {"ada@contoso.com"}
    texts = shown(*connected, among=passed)
    assert token.split(".")[2] not in texts and token[:600] not in texts and key not in texts


# Of the application's secret, what no quoting changes.
SECRET = "pay8Q~roll"


def test_a_secret_is_encrypted(connected, cells, standins, machine):
    passed, secret = cells.run(
        """
        who, _, secret = PAYROLL.partition("PWD=")
        passed = entra_odbc.spark.encrypted(spark, "PWD=" + secret)
        table("standin.ints(10)", connection=SERVER + who, connectionSecrets=passed).count()
        result = [passed, secret]
        """
    )
    assert who_signed_in(standins) == {machine.app}
    assert SECRET in secret
    assert SECRET not in shown(*connected, among=passed)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"connectionSecrets": "PWD=Plain{};"}, "Pass what entra_odbc.spark.encrypted(spark, …) gives"),
        ({"CONNECTIONSECRETS": "PWD=Plain{};"}, "Pass what entra_odbc.spark.encrypted(spark, …) gives"),
        ({"accessToken": "Plain{}"}, "Pass what entra_odbc.spark.token_options(spark, …) gives"),
        ({"connection": "SERVER=s;PWD=Plain{}"}, "in the option connectionSecrets"),
    ],
)
def test_a_secret_that_is_not_encrypted_is_refused(connected, cells, standins, options, message):
    number = uuid.uuid4().hex
    options = {name: value.format(number) for name, value in options.items()}
    told = cells.fails("read(**{'connection': SERVER, 'dbtable': 'standin.ints(10)', **options}).load().count()", options=options)
    assert message in told and "Replace the secret: it is in the log of Spark's server by now" in told
    assert not standins.logins()
    # As it is said.
    shown(*connected, among=f"Plain{number}")


def test_a_broker_is_refused(cells):
    message = cells.fails("table('standin.ints(10)', connection=SERVER, tokenBroker='a b c').count()")
    assert "the option tokenBroker is for a driver in the notebook's process" in message and "token_options(spark, …)" in message


def test_a_token_that_ends_too_early_is_told_before_anything_runs(cells, standins):
    standins.control("/lifetime", seconds=300)
    message = cells.fails("entra_odbc.spark.token_options(spark, entra_odbc.Credential(GRACE), needed_for=1800)")
    assert "and the job needs it for 1800 s" in message
    options = cells.run("result = entra_odbc.spark.token_options(spark, entra_odbc.Credential(GRACE), needed_for=60)")
    options["accessTokenNeededFor"] = "900"
    message = cells.fails("table('standin.ints(10)', connection=SERVER, **options).collect()", options=options)
    assert "the option accessTokenNeededFor" in message
    assert not standins.logins()


def test_a_broker_says_what_to_use_in_its_place(cells):
    message = cells.fails("entra_odbc.spark.TokenBroker(spark, ADA)")
    assert "Spark Connect" in message and "token_options" in message


def test_frames_are_written_with_one_token_and_read_again(cells, standins):
    code = """
        sql("DROP TABLE IF EXISTS dbo.connected")
        sql("CREATE TABLE dbo.connected (id bigint, name nvarchar(max))")
        options = entra_odbc.spark.token_options(spark, entra_odbc.Credential(ADA), needed_for=600)
        rows = spark.range(0, 1000, 1, 4).selectExpr("id", "concat('row ', id) AS name")
        write(rows, "dbo.connected", connection=SERVER, **options)
        frame = table("dbo.connected", connection=SERVER, partitionColumn="id", numPartitions=2, **options)
        result = [frame.count(), frame.filter("id = 7").collect()[0].name]
        """
    assert cells.run(code) == [1000, "row 7"]
    assert "ada@contoso.com" in who_signed_in(standins)


def test_a_stream_reads_what_is_new_with_an_encrypted_secret(connected, cells, standins, machine, tmp_path):
    code = """
        sql("DROP TABLE IF EXISTS dbo.growing")
        sql("CREATE TABLE dbo.growing (id int, version rowversion)")
        sql("INSERT INTO dbo.growing (id) VALUES (1), (2), (3)")
        who, _, secret = PAYROLL.partition("PWD=")
        secrets = entra_odbc.spark.encrypted(spark, "PWD=" + secret)
        changes = stream("dbo.growing", connection=SERVER + who, connectionSecrets=secrets, changeColumn="version")
        def run():
            writer = changes.select("id").writeStream.format("parquet").option("checkpointLocation", checkpoint)
            writer.option("path", rows).trigger(availableNow=True).start().awaitTermination()
            return sorted(row.id for row in spark.read.parquet(rows).collect())
        first = run()
        sql("INSERT INTO dbo.growing (id) VALUES (4)")
        result = [secrets, first, run()]
        """
    passed, *rows = cells.run(code, checkpoint=str(tmp_path / "checkpoint"), rows=str(tmp_path / "rows"))
    assert rows == [[1, 2, 3], [1, 2, 3, 4]]
    assert machine.app in who_signed_in(standins)
    assert SECRET not in shown(*connected, among=passed)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_what_the_server_lacks_is_told(cells):
    assert "Invalid object name" in cells.fails("table('dbo.nothing').collect()")
    assert "Is it fetchSize?" in cells.fails("table('standin.ints(1)', feetchsize=5).collect()")
