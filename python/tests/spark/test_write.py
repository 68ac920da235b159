"""Writing frames: every row once, whatever happens to tasks, and nothing of a write that failed."""

import time

import pytest

TARGET = """
sql("DROP TABLE IF EXISTS dbo.target", "CREATE TABLE dbo.target (id bigint NOT NULL, name nvarchar(50) NULL)")
sql("INSERT INTO dbo.target VALUES (-1, N'was there')")
"""

LEFT = "result = [row[0] for row in sql(\"SELECT name FROM sys.tables WHERE name LIKE '%[_][_]spark[_]%'\")]"

SUMS = "sql('SELECT COUNT(*), SUM(id), COUNT(name) FROM dbo.target')[0]"
WHOLE = ["20001", str(sum(range(20000)) - 1), "20001"]
BEFORE = ["1", "-1", "1"]


@pytest.fixture
def target(cells):
    cells.run(TARGET)
    return cells


def test_rows_are_appended_and_overwritten(target):
    target.run("rows = spark.range(0, 10000, 1, 3).selectExpr('concat(\"row \", id) AS NAME', 'id')")
    assert target.run("write(rows, 'dbo.target'); result = " + SUMS) == ["10001", "49994999", "10001"]
    assert target.run("write(rows, '[dbo].[target]', mode='overwrite'); result = " + SUMS) == ["10000", "49995000", "10000"]
    assert target.run("write(rows.limit(0), 'dbo.target'); result = " + SUMS) == ["10000", "49995000", "10000"]
    assert target.run(LEFT) == []


def test_a_table_is_made_and_every_type_comes_back(cells):
    same = cells.run(
        """
        sql("DROP TABLE IF EXISTS dbo.made")
        import datetime, decimal
        columns = {
            "a_bool": "cast(id % 2 as boolean)", "a_byte": "cast(id - 128 as tinyint)", "a_short": "cast(-id as smallint)",
            "an_int": "cast(id as int)", "a_long": "id * 9000000000", "a_float": "cast(id / 3 as float)",
            "a_double": "id / 7", "a_decimal": "cast(id as decimal(38, 10)) / 1000000000",
            "a_text": "if(id % 3 = 0, null, concat(repeat('naïve 😀 ', cast(id as int)), id))",
            "a_small": "cast(id / 8 as decimal(10, 3))", "empty": "if(id % 2 = 0, '', null)", "nothing": "cast('' as binary)",
            "long": "repeat('x', cast(id * 1000 as int))", "blob": "cast(repeat('y', cast(id * 1000 as int)) as binary)",
            "bytes": "encode(concat('b', id), 'UTF-8')", "a_date": "date_add(DATE'0001-01-01', cast(id * 30000 as int))",
            "ntz": "TIMESTAMP_NTZ'2026-01-01 00:00:00.123456' + make_dt_interval(0, 0, id)",
            "at": "TIMESTAMP'2026-01-01 00:00:00.000001Z' + make_dt_interval(0, 0, id)",
        }
        frame = spark.range(0, 100, 1, 2).selectExpr(*(f"{text} AS {name}" for name, text in columns.items()))
        # To a scale of its own.
        frame = frame.withColumn("a_decimal", frame.a_decimal.cast("decimal(38, 18)"))
        write(frame, "dbo.made")
        back = table("dbo.made", maxTextSize=200000, maxBinarySize=200000)
        wanted, found = (sorted(map(str, each.selectExpr("a_long", *columns).collect())) for each in (frame, back))
        result = [found == wanted, [pair for pair in zip(found, wanted) if pair[0] != pair[1]][:1]]
        """
    )
    assert same == [True, []]


def test_the_server_converts_to_the_types_of_the_table(cells):
    rows = cells.run(
        """
        sql("DROP TABLE IF EXISTS dbo.converted")
        sql("CREATE TABLE dbo.converted (a decimal(10, 2), b datetime, c datetime2(0), d varchar(10), e int, f smalldatetime)")
        frame = spark.sql("SELECT 1.2345BD AS a, TIMESTAMP_NTZ'2026-01-02 03:04:05.123456' AS b, "
                          "TIMESTAMP'2026-01-02 03:04:05.123456Z' AS c, 7L AS d, '42' AS e, TIMESTAMP_NTZ'2026-01-02 03:04:05' AS f")
        write(frame, "dbo.converted")
        result = sql("SELECT a, CONVERT(varchar(23), b, 121), CONVERT(varchar(19), c, 121), d, e, "
                     "CONVERT(varchar(16), f, 121) FROM dbo.converted")[0]
        """
    )
    assert rows == ["1.23", "2026-01-02 03:04:05.123", "2026-01-02 03:04:05", "7", "42", "2026-01-02 03:04"]


def test_a_users_table_is_none_of_ours(target):
    target.run(
        """
        sql("DROP TABLE IF EXISTS dbo.target__spark_archive", "CREATE TABLE dbo.target__spark_archive (id int)")
        from entra_odbc.spark import _staging
        from entra_odbc.spark._odbc import Connection
        write(spark.range(5).selectExpr("id"), "dbo.target")
        with Connection(f"DRIVER={{{entra_odbc.driver()}}};{MSI}") as connection:
            _staging.drop(connection, _staging.Target("dbo", "target", "dbo", (), ()))
        result = sql("SELECT COUNT(*) FROM dbo.target__spark_archive", "DROP TABLE dbo.target__spark_archive")
        """
    )
    assert target.run(LEFT) == []


def test_a_frame_that_was_read_is_written(cells):
    rows = cells.run(
        """
        sql("DROP TABLE IF EXISTS dbo.copied")
        write(table("standin.pairs(50000)", partitionColumn="id", numPartitions=4), "dbo.copied")
        result = sql("SELECT COUNT(*), SUM(CAST(id AS bigint)) FROM dbo.copied")[0]
        """
    )
    assert rows == ["50000", str(50000 * 50001 // 2)]


def test_the_person_writes_by_the_broker(target, standins):
    target.run(
        """
        broker = entra_odbc.spark.TokenBroker(spark, ADA)
        write(spark.range(100).selectExpr("id", "'x' AS name"), "dbo.target", connection=SERVER, **broker.options)
        broker.close()
        """
    )
    written = [login for login in standins.logins() if "Ada" in str(login) or "ada@contoso.com" in str(login["outcome"])]
    assert len(written) >= 4
    assert target.run("result = " + SUMS) == ["101", "4949", "101"]


@pytest.mark.parametrize("victim", ["pyspark.daemon", "CoarseGrainedExecutorBackend"])
def test_killed_tasks_leave_every_row_once(target, tmp_path, victim):
    assert target.run("result = written_while(directory, lambda: kill(victim))", directory=str(tmp_path), victim=victim) >= 1
    assert target.run("result = " + SUMS) == WHOLE
    assert target.run(LEFT) == []


def test_dropped_connections_leave_every_row_once(target, tmp_path, standins):
    dropped = target.run(
        """
        import urllib.request
        drop = standins["control"] + "/connections/drop"
        result = written_while(directory, lambda: urllib.request.urlopen(drop, data=b"{}").status)
        """,
        directory=str(tmp_path),
    )
    assert dropped == 200
    assert target.run("result = " + SUMS) == WHOLE
    assert target.run(LEFT) == []


# A write without Spark: Spark runs a task twice (speculation) only on another host than the first.
WRITER = """
import pyarrow
from entra_odbc.spark._options import Options
from entra_odbc.spark._sign_in import SignIn
from entra_odbc.spark._writer import Writer
options = Options({"connection": MSI, "dbtable": "dbo.target"})
writer = Writer(options, SignIn.of(options, ""), spark.range(1).selectExpr("id", "'x' AS name").schema, overwrite=False)
batch = pyarrow.RecordBatch.from_pydict({"id": list(range(500)), "name": ["x"] * 500})
"""


def test_of_tasks_that_run_twice_one_counts(target):
    target.run(
        WRITER
        + """
attempts = [writer.write(iter([batch])) for _ in range(2)]
writer.commit([attempts[1], None])
"""
    )
    assert target.run("result = " + SUMS) == ["501", str(sum(range(500)) - 1), "501"]
    assert target.run(LEFT) == []


def test_a_task_that_begins_after_the_write_was_aborted_leaves_nothing(target):
    target.run(WRITER)
    assert "has ended" in target.fails("writer.abort([])\nwriter.write(iter([batch]))")
    assert target.run(LEFT) == []
    assert target.run("result = " + SUMS) == BEFORE


def test_a_write_that_was_aborted_cannot_be_committed(target):
    target.run(WRITER)
    assert "was aborted" in target.fails("staged = writer.write(iter([batch]))\nwriter.abort([])\nwriter.commit([staged])")
    assert target.run("result = " + SUMS) == BEFORE


def test_a_commit_whose_answer_was_lost_is_not_made_twice(target):
    target.run(WRITER)
    outcome = target.run(
        """
        from entra_odbc.spark import _odbc
        staged = writer.write(iter([batch]))
        commit, commits = _odbc.Connection.commit, []
        def lost(self):
            commits.append(commit(self))
            if len(commits) == 1:
                raise entra_odbc.Error("08S01", 0, "Communication link failure")
        _odbc.Connection.commit = lost
        try:
            writer.commit([staged, None])
        finally:
            _odbc.Connection.commit = commit
        """
        + f"result = [len(commits), {SUMS}]"
    )
    assert outcome == [1, ["501", str(sum(range(500)) - 1), "501"]]
    assert target.run(LEFT) == []


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("spark.range(10).selectExpr('id', 'if(id = 7, raise_error(\"broken\"), \"x\") AS name')", "broken"),
        ("spark.range(10).selectExpr('if(id = 7, null, id) AS id', '\"x\" AS name')", "NULL"),
        ("spark.range(10).selectExpr('id', 'repeat(\"x\", 60) AS name')", "truncat"),
        ("spark.range(10).selectExpr('id', 'cast(\"NaN\" as double) AS name')", "the column name has NaN"),
    ],
)
def test_a_write_that_fails_leaves_the_table_as_it_was(target, frame, message):
    assert message.lower() in target.fails(f"write({frame}, 'dbo.target', mode='overwrite')").lower()
    assert target.run("result = " + SUMS) == BEFORE
    assert target.run(LEFT) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("write(spark.range(1).selectExpr('id', '1 AS nam'), 'dbo.target')", "has no column nam. Is it name?"),
        ("write(spark.range(1).selectExpr('array(id) AS id'), 'dbo.target')", "the column id is of array<bigint>"),
        ("write(spark.range(1), 'dbo.target AS t')", "names a table to write to"),
        ("write(spark.range(1), None)", "the option dbtable is missing"),
        ("write(spark.range(1), 'dbo.target', batchSize='none')", "batchSize is a whole number"),
        ("write(spark.range(1), 'dbo.target', query='SELECT 1')", "for reads"),
        ("write(spark.range(1), 'standin.ints')", ""),
    ],
)
def test_what_is_wrong_is_told_before_a_task_runs(target, code, message):
    text = target.fails(code)
    assert message in text
    assert target.run("result = " + SUMS) == BEFORE


def test_names_that_need_quotes_are_quoted(cells):
    rows = cells.run(
        """
        sql("DROP TABLE IF EXISTS [dbo].[a ]]table% of_mine]")
        write(spark.range(5).selectExpr("id AS `a ]column`"), "[dbo].[a ]]table% of_mine]")
        result = table("[dbo].[a ]]table% of_mine]").collect()
        """
    )
    assert len(rows) == 5
    assert cells.run(LEFT) == []


def test_rows_that_fail_late_leave_the_table_as_it_was(target):
    frame = "spark.range(5000).selectExpr('id', 'if(id = 4500, raise_error(\"late\"), \"x\") AS name')"
    assert "late" in target.fails(f"write({frame}, 'dbo.target', mode='overwrite')")
    assert target.run("result = " + SUMS) == BEFORE
    # Spark does not wait for the other task, which drops its own table when it sees that the write has ended.
    deadline = time.monotonic() + 30
    while (left := target.run(LEFT)) and time.monotonic() < deadline:
        pass
    assert left == []
