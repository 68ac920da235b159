"""Runs cells of Python that come as JSON on standard input, in one namespace with a Spark session in it: see conftest.py."""

import json
import os
import sys
import traceback

from pyspark.sql import SparkSession

import entra_odbc
import entra_odbc.spark

# Where answers go; what cells and Spark print goes to standard error.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

standins = json.loads(os.environ["STANDINS"])
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


def sql(*statements, connection=MSI):
    """Rows of the last statement, as text, by the driver without Spark."""
    from entra_odbc.spark._odbc import Connection

    rows = []
    with Connection(f"DRIVER={{{entra_odbc.driver()}}};{connection}") as opened:
        for statement in statements:
            rows = opened.execute(statement)
    return rows


namespace = globals()
for line in sys.stdin:
    code, values = json.loads(line)
    namespace.update(values)
    namespace["result"] = None
    try:
        exec(compile(code, "<cell>", "exec"), namespace)
        answer = [namespace["result"], None]
    except Exception:  # noqa: BLE001: a cell may raise anything.
        answer = [None, traceback.format_exc()]
    answers.write(json.dumps(answer, default=str) + "\n")
    answers.flush()
spark.stop()
