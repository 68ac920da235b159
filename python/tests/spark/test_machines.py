"""A cluster of several machines, each a network namespace: Spark's own master, and a worker on each of two others.

Runs in machines.sh alone.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from conftest import TIMEOUT_S, Notebook, Service

NOTEBOOK, FIRST, SECOND, OTHER = "10.55.0.1", "10.55.0.2", "10.55.0.3", "10.55.0.4"
MASTER = f"spark://{NOTEBOOK}:7077"
SETTINGS = {
    "spark.driver.host": NOTEBOOK,
    "spark.executor.memory": "1g",
    # A task that lasts longer than others is begun a second time, on the other machine.
    "spark.speculation": "true",
    "spark.speculation.interval": "100ms",
    "spark.speculation.quantile": "0.5",
    "spark.speculation.multiplier": "1.5",
    "spark.speculation.minTaskRuntime": "100ms",
}
AZURE = "SERVER=contoso.database.windows.net;DATABASE=master;"

# What a process with the options of a read does elsewhere, without Spark.
ASK = """
import json, sys
from entra_odbc import Error
from entra_odbc.spark._options import Options
from entra_odbc.spark._sign_in import SignIn
options = json.loads(sys.stdin.read())
try:
    sign_in = SignIn.of(Options(options), options["tokenBroker"].split(" ")[0])
    sign_in._from_broker("https://database.windows.net/.default")
    print("a token")
except Error as error:
    print(error.message)
"""


class Cluster:
    """Master and workers."""

    def __init__(self, machine):
        self._machine = machine
        self._started = []
        try:
            self._start_all()
        except BaseException:
            self.close()
            raise

    def _start_all(self):
        self._start("Master", "--host", NOTEBOOK, "--port", "7077", "--webui-port", "0", ready="New state: ALIVE")
        for name, address in (("executor-1", FIRST), ("executor-2", SECOND)):
            resources = ["--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", str(self._machine.directory / name)]
            self._start("Worker", "--host", address, *resources, MASTER, on=name, ready="Successfully registered with master")

    def _start(self, kind, *arguments, on=None, ready):
        program = Path(pyspark.__file__).parent / "bin/spark-class"
        within = ["ip", "netns", "exec", on] if on else []
        command = [*within, program, f"org.apache.spark.deploy.{kind.lower()}.{kind}", *arguments]
        self._started.append(Service(command, self._machine, ready))

    def close(self):
        """Ends all."""
        for service in reversed(self._started):
            service.close()


@pytest.fixture(scope="module")
def notebook(tmp_path_factory, new_machine):
    machine = new_machine(tmp_path_factory.mktemp("machines"))
    cluster = Cluster(machine)
    try:
        machine.variables["SPARK_MASTER"] = MASTER
        notebook = Notebook(machine, json.dumps(SETTINGS))
        try:
            yield notebook
        finally:
            notebook.close()
    finally:
        cluster.close()


@pytest.fixture
def broker(cells):
    cells.run("broker = entra_odbc.spark.TokenBroker(spark, ADA)", AZURE=AZURE)
    yield cells
    cells.run("broker.close()")


def asked_from(machine, options):
    """What a process on another machine gets of the broker."""
    command = ["ip", "netns", "exec", machine, sys.executable, "-c", ASK]
    variables = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        command, env=variables, input=json.dumps(options), capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    return result.stdout.strip()


def test_executors_on_other_machines_get_the_persons_token(broker, standins):
    rows, hosts, address = broker.run(
        """
        frame = table("standin.pairs(1000)", connection=AZURE, partitionColumn="id", numPartitions=4, **broker.options)
        def where(batches):
            import socket, pyarrow
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                # Sends nothing.
                probe.connect(("10.55.0.1", 9))
                here = probe.getsockname()[0]
            yield pyarrow.RecordBatch.from_pydict({"host": [here], "rows": [sum(batch.num_rows for batch in batches)]})
        found = frame.mapInArrow(where, "host string, rows long").collect()
        hosts = sorted({row.host for row in found})
        result = [sum(row.rows for row in found), hosts, broker.options["tokenBroker"].split(" ")[1]]
        """
    )
    assert rows == 1000
    assert hosts == [FIRST, SECOND]
    assert address.startswith(f"{NOTEBOOK}:")
    assert {login["outcome"]["accepted"] for login in standins.logins()} == {"ada@contoso.com"}


def test_a_machine_without_an_executor_gets_nothing_even_with_the_key(broker):
    options = broker.run("result = {'connection': AZURE, **broker.options}")
    assert f"no executor of this application runs at {OTHER}" in asked_from("other", options)
    assert asked_from("executor-1", options) == "a token"


def test_a_broker_that_executors_cannot_reach_is_told(cells):
    cells.run(
        """
        # Here is where it answers, and on the executors' machines there is nobody.
        hidden = entra_odbc.spark.TokenBroker(spark, ADA, host="127.0.0.1", address="127.0.0.1")
        unread = table("standin.ints(10)", connection=AZURE, **hidden.options)
        """,
        AZURE=AZURE,
    )
    try:
        message = cells.fails("unread.count()")
    finally:
        cells.run("hidden.close()")
    assert "the token broker in the notebook's process, at 127.0.0.1:" in message
    assert "a firewall between it and the executors?" in message


def test_executors_read_with_one_token_without_a_broker(cells, standins):
    rows = cells.run(
        """
        options = entra_odbc.spark.token_options(spark, entra_odbc.Credential(ADA), needed_for=600)
        result = table("standin.pairs(1000)", connection=AZURE, hashColumn="id", numPartitions=4, **options).count()
        """,
        AZURE=AZURE,
    )
    assert rows == 1000
    assert {login["outcome"]["accepted"] for login in standins.logins()} == {"ada@contoso.com"}


def test_a_task_that_runs_twice_at_once_writes_no_row_twice(cells, tmp_path):
    rows, ids, attempts = cells.run(
        """
        sql("DROP TABLE IF EXISTS dbo.target", "CREATE TABLE dbo.target (id bigint, name nvarchar(max))")
        def lasting(batches):
            from pyspark import TaskContext
            context = TaskContext.get()
            yield from batches
            if context.partitionId() == 0:
                open(os.path.join(directory, f"attempt-{context.attemptNumber()}"), "w").close()
                # Both are at their ends together.
                ends = time.monotonic() + 120
                while context.attemptNumber() == 0 and not os.path.exists(os.path.join(directory, "attempt-1")):
                    assert time.monotonic() < ends, "no second attempt"
                    time.sleep(0.05)
        frame = spark.range(0, 20000, 1, 4).selectExpr("id", "concat('row ', id) AS name")
        tokens = entra_odbc.spark.token_options(spark, entra_odbc.Credential(PAYROLL), needed_for=600)
        write(frame.mapInArrow(lasting, frame.schema), "dbo.target", connection=AZURE, **tokens)
        ((rows, ids),) = sql("SELECT COUNT(*), COUNT(DISTINCT id) FROM dbo.target")
        result = [rows, ids, sorted(os.listdir(directory))]
        """,
        AZURE=AZURE,
        directory=str(tmp_path),
    )
    assert attempts == ["attempt-0", "attempt-1"]
    assert (rows, ids) == ("20000", "20000")
