"""What the data source knows of the Spark session that it is registered in."""

from __future__ import annotations

from dataclasses import dataclass

from .._error import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Session:
    """A session, by the application whose driver is in this process, or by Spark Connect's own name."""

    name: str
    # Empty with Spark Connect, which has the driver elsewhere.
    application: str
    cores: int

    @classmethod
    def of(cls, spark: SparkSession) -> Session:
        """What `spark` is; an Error where it has been stopped."""
        try:
            context = spark.sparkContext
        except Exception:  # noqa: BLE001: PySpark has a class of its own for each way to lack one.
            return cls(str(getattr(spark, "session_id", "")), "", 1)
        if context._jsc is None:
            raise Error("HY010", 0, "this Spark session has been stopped: take one that runs")
        return cls(context.applicationId, context.applicationId, context.defaultParallelism)

    @property
    def is_connect(self) -> bool:
        """Whether it is Spark Connect's, whose server logs the options of reads and writes."""
        return not self.application
