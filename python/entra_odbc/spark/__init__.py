"""Azure SQL as a data source of Spark 4, with the identity of the cluster or of the person before the notebook.

>>> import entra_odbc.spark
>>> entra_odbc.spark.register(spark)
>>> frame = (spark.read.format("entra_odbc")
...          .option("connection", "SERVER=contoso.database.windows.net;DATABASE=sales;Authentication=ActiveDirectoryMsi")
...          .option("dbtable", "dbo.orders").option("partitionColumn", "id").option("numPartitions", 8).load())

A person's tokens come from a broker in the notebook's process:

>>> broker = entra_odbc.spark.TokenBroker(spark, "Authentication=ActiveDirectoryDeviceCode")
>>> spark.read.format("entra_odbc").options(**broker.options).option("connection", "SERVER=…;DATABASE=…")…

docs/spark.md in https://github.com/entra-odbc/entra-odbc lists the options, and says what a broker protects against.
This package has to be on the executors as well: the wheel with the extras `spark` and `driver`.
"""

from __future__ import annotations

import importlib.util

from .._error import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from .._borrowed import TokenSource
    from .._credential import Credential
    from ._broker import TokenBroker

__all__ = ["TokenBroker", "encrypted", "register", "token_options"]

_LEAST_SPARK = (4, 0)
_SPARK_THAT_CONFUSES_FILTERS = 4
# What is imported, and what brings it.
_NEEDED = {"numpy": "numpy", "pyarrow": "pyarrow", "arrow_odbc": "arrow-odbc", "cryptography": "cryptography"}


def register(spark: SparkSession) -> None:
    """Makes `spark.read.format("entra_odbc")` known to this session.

    Raises Error where something is missing: PySpark 4, arrow-odbc, pyarrow.
    """
    check_environment()
    from ._encrypted import key_of
    from ._session import Session
    from ._source import EntraOdbc

    session = Session.of(spark)
    # A class of its own, which is sent to workers by value and so with its attributes.
    attributes = {
        "application": session.application,
        "cores": session.cores,
        "is_connect": session.is_connect,
        "key": key_of(session.name),
        "__module__": "__main__",
    }
    here = type("EntraOdbc", (EntraOdbc,), attributes)
    if int(spark.version.split(".")[0]) > _SPARK_THAT_CONFUSES_FILTERS:
        # Without it, no data source written in Python may take filters.
        spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    spark.dataSource.register(here)


def token_options(
    spark: SparkSession, credential: Credential | TokenSource | str, *, needed_for: int, scope: str | None = None
) -> dict[str, str]:
    """Options for a read, stream or write with one token, for executors that cannot reach this process.

    `needed_for` is how many seconds the job takes; a token that ends earlier is an Error, here and whenever a frame with
    these options is planned. The token is encrypted for this session.

    >>> spark.read.format("entra_odbc").options(**entra_odbc.spark.token_options(spark, credential, needed_for=1800))…
    """
    from .._credential import credential_of
    from ._sign_in import check_life

    token = credential_of(credential, {}).get_token(*([scope] if scope else [])).token
    check_life(token, needed_for)
    return {"accessToken": encrypted(spark, token), "accessTokenNeededFor": str(needed_for)}


def encrypted(spark: SparkSession, value: str) -> str:
    """The value of the option `connectionSecrets`, encrypted for this session: Spark Connect writes options to its log.

    >>> spark.read.format("entra_odbc").option("connectionSecrets", entra_odbc.spark.encrypted(spark, "PWD=…"))…

    It is good in this process's session alone, not in SQL's OPTIONS (…) or in another process.
    """
    from . import _encrypted
    from ._session import Session

    return _encrypted.encrypted(Session.of(spark).name, value)


def check_environment() -> None:
    """An Error where PySpark or a package beside it is missing or too old."""
    try:
        import pyspark
    except ModuleNotFoundError:
        raise Error("IM003", 0, "pyspark is missing. Install it: pip install 'entra-odbc[spark]'") from None
    version = tuple(int(part) for part in pyspark.__version__.split(".")[:2])
    if version < _LEAST_SPARK:
        raise Error("HYC00", 0, f"PySpark {pyspark.__version__} has no data sources in Python. Install PySpark 4.0 or later")
    lacking = [package for module, package in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if lacking:
        raise Error("IM003", 0, f"missing: {', '.join(lacking)}. Install them: pip install 'entra-odbc[spark]'")


def __getattr__(name: str) -> object:
    if name == "TokenBroker":
        check_environment()
        from ._broker import TokenBroker

        return TokenBroker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
