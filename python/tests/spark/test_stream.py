"""Streams: every row once, in the order of the change column, over restarts, killed tasks and late commits."""

import importlib
import json
import sys
import time

import pytest
from entra_odbc import Error

TABLES = """
sql("DROP TABLE IF EXISTS dbo.events, dbo.orders, dbo.moments, dbo.prices")
sql("CREATE TABLE dbo.events (id int IDENTITY, note nvarchar(20) NULL, version rowversion)")
sql("CREATE TABLE dbo.orders (id bigint NULL, note nvarchar(max) NULL, body xml NULL, mark binary(8) NULL)")
sql("CREATE TABLE dbo.moments (id int, at datetime2(7) NULL, off datetimeoffset(7) NULL, old datetime NULL)")
sql("CREATE TABLE dbo.prices (id int, amount decimal(20, 4))")
"""


@pytest.fixture
def tables(cells, tmp_path):
    cells.run(TABLES, checkpoint=str(tmp_path / "checkpoint"))
    return cells


def insert(cells, *notes):
    cells.run("for note in notes: sql(f\"INSERT INTO dbo.events (note) VALUES ('{note}')\")", notes=notes)


def read(cells, **options):
    """The rows of all batches that there are."""
    options = {"name": "dbo.events", "changeColumn": "version", **options}
    return cells.run("result = batches(stream(**options), checkpoint)", options=options)


def test_rows_between_triggers_come_once(tables):
    insert(tables, "a", "b")
    tables.run(
        """
        got = []
        def keep(batch, number):
            got.append(sorted(row.note for row in batch.collect()))
        writer = stream("dbo.events", changeColumn="VERSION", numPartitions=3).writeStream
        query = writer.option("checkpointLocation", checkpoint).foreachBatch(keep).start()
        query.processAllAvailable()
        """
    )
    insert(tables, "c")
    tables.run("query.processAllAvailable()")
    tables.run("""sql("UPDATE dbo.events SET note = 'A' WHERE note = 'a'"); query.processAllAvailable()""")
    # Nothing is new.
    tables.run("query.processAllAvailable(); query.stop()")
    assert tables.run("result = got") == [["a", "b"], ["c"], ["A"]]


def test_one_connection_plans_all_batches_and_is_made_anew_when_it_is_lost(tables, standins):
    insert(tables, "a")
    tables.run(
        """
        got = []
        def keep(batch, number):
            got.extend(row.note for row in batch.collect())
        writer = stream("dbo.events", changeColumn="version").writeStream
        query = writer.option("checkpointLocation", checkpoint).foreachBatch(keep).start()
        query.processAllAvailable()
        """
    )
    before = len(standins.logins())
    for note in ("b", "c"):
        insert(tables, note)
        tables.run("query.processAllAvailable()")
    # Each time, the row's own connection, and that of the batch's one task.
    assert len(standins.logins()) == before + 4
    standins.control("/connections/drop")
    insert(tables, "d")
    assert tables.run("query.processAllAvailable(); query.stop(); result = got") == ["a", "b", "c", "d"]


def test_a_restart_goes_on_from_the_checkpoint(tables, tmp_path):
    insert(tables, "a", "b")
    assert read(tables) == [["1", "2"]]
    assert read(tables) == []
    insert(tables, "c")
    assert read(tables) == [["3"]]
    (last, *_) = sorted((tmp_path / "checkpoint/offsets").glob("[0-9]*"), key=lambda path: -int(path.name))
    version = tables.run("result = sql('SELECT MAX(version) FROM dbo.events')[0][0]")
    offset = json.loads(last.read_text().splitlines()[-1])
    assert offset == {"changeColumn": "version", "value": f"0x{version}"}
    text = tables.fails("batches(stream('dbo.events', changeColumn='id'), checkpoint)")
    assert "A stream by another column needs a new checkpointLocation" in text


def test_a_batch_that_failed_is_read_again(tables):
    insert(tables, "a", "b")
    text = tables.fails(
        """
        def fails(batch, number):
            raise ValueError("the sink is full")
        writer = stream("dbo.events", changeColumn="version").writeStream.option("checkpointLocation", checkpoint)
        writer.foreachBatch(fails).trigger(availableNow=True).start().awaitTermination()
        """
    )
    assert "the sink is full" in text
    insert(tables, "c")
    tables.run("""sql("UPDATE dbo.events SET note = 'B' WHERE note = 'b'")""")
    # The batch as it was planned, but for what has changed, which is new.
    assert read(tables) == [["1"], ["2", "3"]]


@pytest.mark.parametrize("victim", ["pyspark.daemon", "CoarseGrainedExecutorBackend"])
def test_killed_tasks_leave_every_row_once(tables, tmp_path, victim):
    tables.run(
        """
        sql("INSERT INTO dbo.events (note) SELECT TOP (20000) N'row' FROM standin.ints(20000)")
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "1000")
        frame = stream("dbo.events", changeColumn="version", numPartitions=4, fetchSize=1000)
        writer = frame.mapInArrow(held_in(directory), frame.schema).writeStream.format("parquet").option("compression", "none")
        writer = writer.option("path", directory + "/rows").option("checkpointLocation", checkpoint).trigger(availableNow=True)
        killed = while_held(directory, lambda: kill(victim), lambda: writer.start().awaitTermination())
        """,
        directory=str(tmp_path),
        victim=victim,
    )
    assert tables.run("result = killed") >= 1
    counted = tables.run(
        "result = spark.read.parquet(directory + '/rows').selectExpr('count(*)', 'count(distinct id)', 'sum(id)').first()"
    )
    assert counted == [20000, 20000, sum(range(20001))]


def test_what_is_committed_late_is_not_lost(tables):
    tables.run(
        """
        from entra_odbc.spark._odbc import Connection
        late = Connection(f"DRIVER={{{entra_odbc.driver()}}};{MSI}")
        late.begin()
        late.execute("INSERT INTO dbo.events (note) VALUES ('late')")
        """
    )
    insert(tables, "early")
    # The version of the uncommitted row is less. The first batch of a stream comes in any case.
    assert read(tables) == [[]]
    assert read(tables, maxRowsPerBatch=1) == []
    tables.run("late.commit(); late.close()")
    assert read(tables) == [["1", "2"]]


def test_values_of_a_number_wait_for_those_that_are_committed_late(tables):
    tables.run(
        """
        from entra_odbc.spark._odbc import Connection
        got = []
        def keep(batch, number):
            got.extend(row.id for row in batch.collect())
        writer = stream("dbo.events", changeColumn="id", visibilityDelay=5).writeStream
        query = writer.option("checkpointLocation", checkpoint).foreachBatch(keep).start()
        query.processAllAvailable()
        late = Connection(f"DRIVER={{{entra_odbc.driver()}}};{MSI}")
        late.begin()
        late.execute("INSERT INTO dbo.events (note) VALUES ('late')")
        """
    )
    insert(tables, "early")
    tables.run(
        """
        # The greater value has been seen.
        query.processAllAvailable()
        assert not got
        late.commit()
        late.close()
        while not got and query.isActive:
            time.sleep(0.05)
        # Until the batch is in the checkpoint: it would else come again.
        query.processAllAvailable()
        query.stop()
        """
    )
    assert tables.run("result = sorted(got)") == [1, 2]
    insert(tables, "c")
    begun = time.monotonic()
    assert read(tables, changeColumn="id", visibilityDelay=2) == [["3"]]
    assert time.monotonic() - begun >= 2


def test_moments_are_not_read_before_the_delay_is_over(tables):
    tables.run(
        """
        for id, minutes in ((1, -90), (2, -30), (3, 30)):
            moments = ", ".join(f"DATEADD(minute, {minutes}, {clock}())" for clock in ("SYSUTCDATETIME", "SYSDATETIMEOFFSET"))
            sql(f"INSERT INTO dbo.moments (id, at, off) VALUES ({id}, {moments})")
        """
    )
    for column in ("at", "off"):
        tables.run("checkpoint += column", column=column)
        assert read(tables, name="dbo.moments", changeColumn=column, visibilityDelay=3600) == [["1"]]
        assert read(tables, name="dbo.moments", changeColumn=column) == [["2"]]


def test_a_batch_is_limited_and_ties_stay_together(tables):
    tables.run('sql("INSERT INTO dbo.orders (id) VALUES (NULL), (1), (2), (2), (2), (3), (4), (4), (9)")')
    limited = {"name": "dbo.orders", "changeColumn": "id", "maxRowsPerBatch": 2}
    assert read(tables, **limited) == [["1", "2", "2", "2"], ["3", "4", "4"], ["9"]]
    tables.run('sql("INSERT INTO dbo.orders (id) VALUES (10), (11), (12)")')
    assert read(tables, **limited, numPartitions=5) == [["10", "11"], ["12"]]


def test_a_query_is_a_stream_as_well(tables):
    insert(tables, "a", "b", "c")
    query = "SELECT id, version AS v FROM dbo.events WHERE id > 1 -- some"
    assert read(tables, name=None, query=query, changeColumn="v", maxRowsPerBatch=1) == [["2"], ["3"]]


def test_moments_with_seven_digits_are_told_apart(tables):
    tables.run(
        """
        for number in range(3):
            moment, old = f"2026-01-02T03:04:05.123456{number}", f"2026-01-02T03:04:05.00{(0, 3, 7)[number]}"
            sql(f"INSERT INTO dbo.moments VALUES ({number}, '{moment}', '{moment}+05:30', '{old}')")
        """
    )
    for column in ("at", "off", "old"):
        given = {"name": "dbo.moments", "changeColumn": column, "maxRowsPerBatch": 1}
        tables.run("checkpoint += column", column=column)
        assert read(tables, **given) == [["0"], ["1"], ["2"]], column
        assert read(tables, **given) == [], column


def test_decimals_are_divided_exactly(tables):
    tables.run("sql('INSERT INTO dbo.prices VALUES ' + ', '.join(f'({n}, {n - 50}.0001)' for n in range(100)))")
    (batch,) = read(tables, name="dbo.prices", changeColumn="amount", numPartitions=7)
    assert batch == sorted(map(str, range(100)))
    tables.run("checkpoint += '2'; sql('INSERT INTO dbo.prices VALUES (100, 49.0002)')")
    given = {"name": "dbo.prices", "changeColumn": "amount", "startingOffset": "48.0001", "maxRowsPerBatch": 1}
    assert read(tables, **given) == [["99"], ["100"]]


def test_a_stream_begins_where_it_is_told(tables):
    insert(tables, "a", "b")
    version = tables.run("result = sql('SELECT MIN(version) FROM dbo.events')[0][0]")
    assert read(tables, startingOffset=f"0x{version}") == [["2"]]
    tables.run("checkpoint += '2'")
    # The first batch comes in any case, and puts the beginning into the checkpoint.
    assert read(tables, startingOffset="Latest") == [[]]
    insert(tables, "c")
    assert read(tables, startingOffset="latest") == [["3"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"changeColumn": "versoin"}, "the option changeColumn names versoin, which is none of the columns. Is it version?"),
        ({"changeColumn": "note"}, "note is of the type nvarchar, by which no stream can tell what is new"),
        ({"name": "dbo.orders", "changeColumn": "body"}, "body is of the type xml"),
        ({"name": "dbo.orders", "changeColumn": "mark"}, "mark is of the type binary"),
        ({"changeColumn": "version", "partitionColumn": "id"}, "the option partitionColumn is for spark.read"),
        ({"changeColumn": "version", "lowerBound": "1"}, "the option lowerBound is for spark.read"),
        ({"changeColumn": "version", "upperBound": "1"}, "the option upperBound is for spark.read"),
        ({"changeColumn": "version", "hashColumn": "id"}, "the option hashColumn is for spark.read"),
        ({"changeColumn": "version", "predicates": '["id > 1"]'}, "the option predicates is for spark.read"),
        ({"changeColumn": "version", "limit": "1"}, "the option limit is for spark.read"),
        ({"changeColumn": "version", "startingOffset": "2001"}, "such as 0x00000000000007D1 (rowversion), not '2001'"),
        (
            {"changeColumn": "id", "startingOffset": "newest"},
            "earliest, latest or a value of the column id, such as 2001 (int)",
        ),
        ({"changeColumn": "version", "visibilityDelay": "5"}, "visibilityDelay is not for version"),
        ({"changeColumn": "id", "visibilityDelay": "-1"}, "the option visibilityDelay is 0 at least"),
        ({"changeColumn": "id", "maxRowsPerBatch": "0"}, "the option maxRowsPerBatch is 1 at least"),
        ({"changeColumn": "id", "maxRowPerBatch": "5"}, "Is it maxRowsPerBatch?"),
    ],
)
def test_what_is_wrong_is_told_before_the_stream_is_started(tables, options, message):
    assert message in tables.fails("stream(**options)", options={"name": "dbo.events", **options})


def test_a_stream_needs_a_change_column_and_a_read_has_none(tables):
    text = tables.fails(
        "stream('dbo.events').writeStream.format('noop').option('checkpointLocation', checkpoint).start().awaitTermination()"
    )
    assert "the option changeColumn is missing" in text
    text = tables.fails("read(dbtable='dbo.events', changeColumn='id').load().collect()")
    assert "the option changeColumn is for a stream: spark.readStream" in text


def test_a_pyspark_without_what_streams_need_is_told(monkeypatch):
    importlib.import_module("entra_odbc.spark._source")
    monkeypatch.setitem(sys.modules, "pyspark.sql.streaming.datasource", None)
    monkeypatch.delitem(sys.modules, "entra_odbc.spark._stream", raising=False)
    with pytest.raises(Error, match=r"streams need PySpark 4\.2 or later"):
        importlib.import_module("entra_odbc.spark._stream")
