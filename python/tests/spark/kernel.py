"""Runs cells of Python that come as JSON on standard input, in one namespace with a Spark session in it: see conftest.py."""

import glob
import json
import os
import signal
import sys
import threading
import time
import traceback

from pyspark.sql import SparkSession

import entra_odbc
import entra_odbc.spark

# Where answers go; what cells and Spark print goes to standard error.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

standins = json.loads(os.environ["STANDINS"])
if remote := os.environ.get("CONNECT_SERVER"):
    spark = SparkSession.builder.remote(remote).getOrCreate()
else:
    builder = SparkSession.builder.master(os.environ.get("SPARK_MASTER", "local-cluster[2,1,1024]"))
    for name, value in {
        "spark.ui.enabled": "true",
        "spark.ui.port": "0",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": f"file://{os.getcwd()}",
        "spark.sql.session.timeZone": "UTC",
        "spark.speculation": "false",
        # Local time of the driver's machine must not matter.
        "spark.driver.extraJavaOptions": "-Duser.timezone=America/New_York",
        **json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}"),
    }.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
entra_odbc.spark.register(spark)

SERVER = f"SERVER={standins['server']};DATABASE=master;"
MSI = SERVER + "Authentication=ActiveDirectoryMsi;"


def signing_in(mode, name, secret):
    """Keywords by which somebody signs in."""
    quoted = "{" + secret.replace("}", "}}") + "}"
    return f"Authentication=ActiveDirectory{mode};UID={name};TenantId={standins['tenant_id']};PWD={quoted};"


PAYROLL = signing_in("ServicePrincipal", standins["app"]["client_id"], standins["app"]["secret"])
ADA = signing_in("Password", standins["user"]["name"], standins["user"]["password"])
GRACE = signing_in("Password", standins["other_user"]["name"], standins["other_user"]["password"])


def read(connection=MSI, **options):
    """A read by these options."""
    given = {name: str(value) for name, value in options.items() if value is not None}
    return spark.read.format("entra_odbc").option("connection", connection).options(**given)


def table(name, **options):
    """A frame of a table."""
    return read(dbtable=name, **options).load()


def write(frame, name, connection=MSI, mode="append", **options):
    """Writes a frame to a table."""
    given = {"dbtable": name, **options}
    given = {name: str(value) for name, value in given.items() if value is not None}
    frame.write.format("entra_odbc").option("connection", connection).options(**given).mode(mode).save()


def stream(name=None, connection=MSI, **options):
    """A stream by these options."""
    given = {name: str(value) for name, value in {"dbtable": name, **options}.items() if value is not None}
    return spark.readStream.format("entra_odbc").option("connection", connection).options(**given).load()


def batches(frame, checkpoint, column="id"):
    """What is there for a stream: the values of a column as text, in order, by batches."""
    found = []

    def keep(batch, number):
        found.append(sorted(str(row[0]) for row in batch.select(column).collect()))

    writer = frame.writeStream.option("checkpointLocation", checkpoint).foreachBatch(keep)
    writer.trigger(availableNow=True).start().awaitTermination()
    return found


def sql(*statements, connection=MSI):
    """Rows of the last statement, as text, by the driver without Spark."""
    from entra_odbc.spark._odbc import Connection

    rows = []
    with Connection(f"DRIVER={{{entra_odbc.driver()}}};{connection}") as opened:
        for statement in statements:
            rows = opened.execute(statement)
    return rows


def held_in(directory):
    """For mapInArrow: waits behind the first batch of the first task, in its first attempt, for `while_held`."""

    def held(batches):
        from pyspark import TaskContext

        context = TaskContext.get()
        for number, batch in enumerate(batches):
            yield batch
            if context.partitionId() == 0 and context.attemptNumber() == 0 and number == 0:
                open(os.path.join(directory, "begun"), "w").close()
                while not os.path.exists(os.path.join(directory, "go")):
                    time.sleep(0.05)

    return held


def while_held(directory, disturb, run):
    """Calls `disturb` when a task waits in `run`, and gives what that gave."""

    def when_begun():
        while not os.path.exists(os.path.join(directory, "begun")):
            time.sleep(0.05)
        try:
            results.append(disturb())
        finally:
            open(os.path.join(directory, "go"), "w").close()

    results = []
    disturbing = threading.Thread(target=when_begun, daemon=True)
    disturbing.start()
    run()
    disturbing.join()
    return results[0]


def written_while(directory, disturb):
    """Writes 20,000 rows in four tasks, and calls `disturb` in the middle of the first; gives what that gave."""
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "1000")
    rows = spark.range(0, 20000, 1, 4).selectExpr("id", "concat('row ', id) AS name")
    frame = rows.mapInArrow(held_in(directory), rows.schema)
    return while_held(directory, disturb, lambda: write(frame, "dbo.target"))


EXECUTOR = "CoarseGrainedExecutorBackend"


def commands():
    """The parent and the command line of each process of this notebook."""
    found = {}
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(f"{path}/environ", "rb") as file:
                is_ours = os.environ["ODBCINI"].encode() in file.read()
            with open(f"{path}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode()
            with open(f"{path}/stat") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if is_ours:
            found[int(path.split("/")[2])] = parent, command
    return found


def kill(part):
    """Ends the executors, or what they have started, by a part of their command lines; gives the number of processes."""
    known = commands()

    def is_below_executor(process):
        while process in known:
            process, command = known[process]
            if EXECUTOR in command:
                return True
        return False

    victims = [process for process, (_, command) in known.items() if part in command and is_below_executor(process)]
    for process in victims:
        os.kill(process, signal.SIGKILL)
    return len(victims)


namespace = globals()
# A cell may not take these from the cells after it.
own = {name: value for name, value in namespace.items() if callable(value)}
for line in sys.stdin:
    code, values = json.loads(line)
    namespace.update(own | values | {"result": None})
    try:
        exec(compile(code, "<cell>", "exec"), namespace)
        answer = [namespace["result"], None]
    except Exception:  # noqa: BLE001: a cell may raise anything.
        answer = [None, traceback.format_exc()]
    answers.write(json.dumps(answer, default=str) + "\n")
    answers.flush()
spark.stop()
