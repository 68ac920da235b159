"""Reads rows into Spark by the data source, by pyodbc's tuples, by pandas and createDataFrame, and by Spark's JDBC source where
BENCH_MSSQL_JDBC is the path of mssql-jdbc; and by arrow-odbc alone.

Runs with PySpark, on two executors with one core each where nothing else is said.
"""

import glob
import os
import sys
import time

from figures import DRIVER, LIBRARY, MSI, STANDINS, control, identity_requests, median, row, sql_login, string

os.environ["ENTRA_ODBC_LIBRARY"] = LIBRARY
os.environ["PYSPARK_PYTHON"] = sys.executable
sys.path.insert(0, os.environ["BENCH_PACKAGE"])
os.environ["PYTHONPATH"] = os.environ["BENCH_PACKAGE"]

import arrow_odbc  # noqa: E402
import pandas  # noqa: E402
import pyarrow  # noqa: E402
import pyodbc  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition  # noqa: E402

import entra_odbc.spark  # noqa: E402
from entra_odbc.spark._bulk_copy import BulkCopy  # noqa: E402
from entra_odbc.spark._odbc import Connection  # noqa: E402

REPETITIONS = 3
TASKS = 4
ROWS = 1_000_000
# A rate, in which Spark's time for a query of one row is no part worth mentioning.
MANY_ROWS = 20_000_000
MSSQL_JDBC = os.environ.get("BENCH_MSSQL_JDBC")
CONNECTION = f"SERVER={STANDINS['server']};{MSI}"
PLAIN = string(DRIVER, sql_login())


class Tuples(DataSource):
    """What a data source is without Arrow: tuples, by pyodbc and the bare driver."""

    @classmethod
    def name(cls):
        return "tuples"

    def schema(self):
        return "id int, name string"

    def reader(self, schema):
        return TuplesReader(dict(self.options))


class TuplesReader(DataSourceReader):
    def __init__(self, options):
        self.options = options

    def partitions(self):
        each = ROWS // TASKS
        return [InputPartition((start, start + each)) for start in range(1, ROWS, each)]

    def read(self, partition):
        import pyodbc

        low, high = partition.value
        cursor = pyodbc.connect(self.options["connection"]).cursor()
        cursor.execute(f"SELECT id, name FROM standin.pairs({ROWS}) WHERE id >= {low} AND id < {high}")
        yield from map(tuple, cursor)


class One(DataSource):
    """One row, of no server: what Spark itself takes for any source that is written in Python."""

    @classmethod
    def name(cls):
        return "one"

    def schema(self):
        return "id int, name string"

    def reader(self, schema):
        return OneReader()


class OneReader(DataSourceReader):
    def read(self, partition):
        import pyarrow

        yield pyarrow.RecordBatch.from_pydict({"id": pyarrow.array([1], pyarrow.int32()), "name": ["row 1"]})


def session(executors, cores):
    builder = (
        SparkSession.builder.master(f"local-cluster[{executors},{cores},1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "OFF")
    )
    if MSSQL_JDBC:
        builder = builder.config("spark.driver.extraClassPath", MSSQL_JDBC).config("spark.executor.extraClassPath", MSSQL_JDBC)
    spark = builder.getOrCreate()
    entra_odbc.spark.register(spark)
    spark.dataSource.register(Tuples)
    spark.dataSource.register(One)
    return spark


def frame(spark, rows=ROWS, tasks=TASKS):
    options = {"connection": CONNECTION, "dbtable": f"standin.pairs({rows})", "partitionColumn": "id"}
    options |= {"lowerBound": "1", "upperBound": str(rows), "numPartitions": str(tasks)}
    return spark.read.format("entra_odbc").options(**options).load()


def consume(given):
    """Has every row made, and drops it."""
    given.write.format("noop").mode("overwrite").save()


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_pandas(spark):
    rows = pandas.read_sql(f"SELECT id, name FROM standin.pairs({ROWS})", pyodbc.connect(PLAIN))
    consume(spark.createDataFrame(rows))


def by_arrow_odbc(rows):
    query = f"SELECT id, name FROM standin.pairs({rows}) WHERE id >= 1"
    assert sum(batch.num_rows for batch in arrow_odbc.read_arrow_batches_from_odbc(query, PLAIN)) == rows


def by_jdbc(spark, rows):
    host, _, port = STANDINS["server"].partition(",")
    options = {
        "driver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
        # The stand-in server speaks TLS 1.3 below TDS 7, which mssql-jdbc does not. TLS costs both sides the same.
        "url": f"jdbc:sqlserver://{host}:{port};encrypt=true;trustServerCertificate=true;sslProtocol=TLSv1.2",
        "user": STANDINS["sql_login"]["user"],
        "password": STANDINS["sql_login"]["password"],
        "dbtable": f"standin.pairs({rows})",
        "partitionColumn": "id",
        "lowerBound": "1",
        "upperBound": str(rows),
        "numPartitions": str(TASKS),
    }
    consume(spark.read.format("jdbc").options(**options).load())


def in_turn(works, warm_ups=1):
    """Seconds that each of these takes, as the median of some times, in turn, after some that are not counted."""
    times = {name: [] for name in works}
    for turn in range(warm_ups + REPETITIONS):
        for name, work in works.items():
            taken = timed(work)
            if turn >= warm_ups:
                times[name].append(taken)
    return {name: median(taken) for name, taken in times.items()}


def compare():
    spark = session(2, 1)
    works = {
        "ours": lambda: consume(frame(spark)),
        "tuples": lambda: consume(spark.read.format("tuples").option("connection", PLAIN).load()),
        "pandas": lambda: by_pandas(spark),
    }
    if MSSQL_JDBC:
        works["jdbc"] = lambda: by_jdbc(spark, ROWS)
    rate = {name: ROWS / seconds for name, seconds in in_turn(works).items()}
    row(f"{ROWS:,} rows in {TASKS} tasks, against pyodbc's tuples", "rows/s", rate["ours"], rate["tuples"], "ratio", "")
    row("  against pandas and createDataFrame (aim: 4 or more)", "rows/s", rate["ours"], rate["pandas"], "ratio", "")
    if MSSQL_JDBC:
        row("  against Spark's JDBC source", "rows/s", rate["ours"], rate["jdbc"], "ratio", "")
        works = {"ours": lambda: consume(frame(spark, rows=MANY_ROWS)), "jdbc": lambda: by_jdbc(spark, MANY_ROWS)}
        rate = {name: MANY_ROWS / seconds for name, seconds in in_turn(works).items()}
        row(f"  {MANY_ROWS:,} rows", "rows/s", rate["ours"], rate["jdbc"], "ratio", "")
    spark.stop()


def compare_one_executor():
    """One task on one executor, against arrow-odbc alone in this process."""
    spark = session(1, 1)
    # Four reads are what Java's compiler takes to come to rest.
    for rows, other in ((ROWS, "arrow-odbc alone"), (MANY_ROWS, "it (aim: 0.8 or more)")):
        works = {"ours": lambda: consume(frame(spark, rows, tasks=1)), "alone": lambda: by_arrow_odbc(rows)}
        rate = {name: rows / seconds for name, seconds in in_turn(works, warm_ups=4).items()}
        row(f"{rows:,} rows in one task, against {other}", "rows/s", rate["ours"], rate["alone"], "ratio", "")
    one = in_turn({"one": lambda: consume(spark.read.format("one").load())})["one"]
    row("  a read of one row, of any source in Python", "ms", one * 1e3)
    spark.stop()


def write():
    """Rows into a table: by bulk copy, as the tasks of a write do it, and by arrow-odbc's array inserts."""
    count = 200_000
    batches = [
        pyarrow.RecordBatch.from_pydict(
            {"id": range(start, start + 10_000), "name": [f"row {n}" for n in range(start, start + 10_000)]}
        )
        for start in range(0, count, 10_000)
    ]
    string = f"DRIVER={{{entra_odbc.driver()}}};{CONNECTION}"

    def by_bulk_copy():
        with Connection(string, bulk_copy=True) as connection, BulkCopy(connection, "[dbo].[copied]", count) as copy:
            for batch in batches:
                copy.send(batch)
            assert copy.finish() == count

    def by_inserts():
        reader = pyarrow.RecordBatchReader.from_batches(batches[0].schema, batches)
        arrow_odbc.insert_into_table(reader, 10_000, "dbo.copied", string)

    times = {by_bulk_copy: [], by_inserts: []}
    for _ in range(REPETITIONS):
        for work, taken in times.items():
            with Connection(string) as connection:
                connection.execute("DROP TABLE IF EXISTS dbo.copied; CREATE TABLE dbo.copied (id bigint, name nvarchar(max))")
            taken.append(timed(work))
    rates = [count / median(taken) for taken in times.values()]
    row(f"{count:,} rows written: bulk copy, against arrow-odbc's inserts", "rows/s", *rates, "ratio", "")


def peak_memory():
    """The most that any Python worker of Spark has had, in MiB."""
    peaks = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if b"pyspark.daemon" not in file.read():
                    continue
            with open(path.replace("cmdline", "status"), encoding="utf-8") as file:
                peaks += [int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM")]
        except OSError:
            continue
    return max(peaks, default=0)


def scale():
    for executors, cores in ((1, 1), (2, 1), (2, 2)):
        spark = session(executors, cores)
        count = executors * cores
        identity_requests()
        control("/logins/clear", {})
        taken = median([timed(lambda: consume(frame(spark, tasks=8))) for _ in range(REPETITIONS)])
        logins = len(control("/logins"))
        row(f"{count} cores: {ROWS:,} rows in 8 tasks", "ms", taken * 1e3)
        row("  connections, for each read", "", logins / REPETITIONS)
        row("  token requests, with those of planning, for all reads", "", identity_requests())
        if count == 2:
            few = peak_memory()
            consume(frame(spark, rows=100_000, tasks=2))
            row("  memory of a worker after 100,000 rows", "MiB", max(few, peak_memory()))
            consume(frame(spark, rows=5_000_000, tasks=2))
            row("  after 5,000,000 rows", "MiB", peak_memory(), max(few, 1), "ratio", 1.5)
        spark.stop()


if __name__ == "__main__":
    write()
    compare()
    compare_one_executor()
    scale()
