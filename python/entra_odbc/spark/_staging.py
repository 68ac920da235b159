"""The tables of a write: the target, a staging table for each task attempt, and the record of jobs.

Rows are in the target when all are: one transaction moves them there from the staging tables of the acknowledged attempts,
and records the job. So a commit whose answer was lost can be asked about, and is not made twice. A job that is aborted is
recorded as well, before its staging tables are dropped: an attempt that makes its table after that sees the record, and drops it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

from pyspark.sql.types import StructType

from .._error import Error
from ._frame_types import sql_type
from ._query import literal, quoted_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._odbc import Connection

_JOBS = "entra_odbc_spark_writes"
# Between the target's name and what tells the attempt.
_MARK = "__spark_"
# The number of any job, as LIKE has it.
_ANY_JOB = "[0-9a-f]" * 32
_LONGEST_NAME = 128
# What a job has left behind that ended without commit and abort, and how long the record of one is of use.
_DAYS = 7

# The server's words for a table that does not exist, one that does, and a key that is taken.
_NO_SUCH_TABLE, _TABLE_EXISTS, _KEY_EXISTS = 208, 2714, 2627


@dataclass(frozen=True)
class Target:
    """A table that is written to, by names without quotes, and the columns that a frame has for it."""

    schema: str | None
    table: str
    # Where staging tables and the record of jobs are.
    staging_schema: str | None
    columns: tuple[str, ...]
    # Of a staging table: those of the frame's, so that the server converts them to the table's own.
    types: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table in T-SQL."""
        return _qualified(self.schema, self.table)

    @property
    def jobs(self) -> str:
        """The record of jobs in T-SQL."""
        return _qualified(self.staging_schema, _JOBS)

    @property
    def listed(self) -> str:
        """The columns in T-SQL."""
        return ", ".join(quoted_name(column) for column in self.columns)

    def prefix(self) -> str:
        """How the names of staging tables begin: before job and task."""
        return self.table[: _LONGEST_NAME - 64] + _MARK

    def staging(self, table: str) -> str:
        """A staging table in T-SQL."""
        return _qualified(self.staging_schema, table)


def parts(name: str) -> tuple[str | None, str]:
    """Schema and table of `dbtable`, without quotes; an Error where it names something else."""
    found, rest = [], name.strip()
    while rest:
        if rest.startswith("["):
            end = rest.find("]")
            while end >= 0 and rest[end + 1 : end + 2] == "]":
                end = rest.find("]", end + 2)
            part, rest = rest[1:end].replace("]]", "]"), rest[end + 1 :]
            if end < 0 or (rest and not rest.startswith(".")):
                break
        else:
            part, _, rest = rest.partition(".")
            rest = f".{rest}" if _ else rest
            if not part.strip() or any(sign in part for sign in " ()[]'\""):
                break
        found.append(part)
        if not rest:
            if len(found) <= 2:
                return (found[0] if len(found) == 2 else None), found[-1]
            break
        rest = rest[1:]
    raise Error("HY000", 0, f"the option dbtable names a table to write to: schema.table or [schema].[table], not {name}")


def of_frame(name: str, staging_schema: str | None, schema: StructType) -> Target:
    """The target that `dbtable` names, with the columns of a frame; an Error names one for whose type there is none."""
    of_table, table = parts(name)
    types = tuple(sql_type(field.name, field.dataType) for field in schema.fields)
    return Target(of_table, table, staging_schema or of_table, tuple(field.name for field in schema.fields), types)


def opened(connection: Connection, target: Target, schema: StructType) -> Target:
    """The target with its own names of columns, made if it does not exist; what a task would fail by fails here."""
    empty = f"SELECT * FROM {target.name} WHERE 1 = 0"
    try:
        known = connection.describe(empty)
    except Error as error:
        if error.native != _NO_SUCH_TABLE:
            raise
        nulls = ("NULL" if field.nullable else "NOT NULL" for field in schema.fields)
        definitions = zip(target.columns, target.types, nulls, strict=True)
        _create(connection, target.name, ", ".join(f"{quoted_name(name)} {kind} {null}" for name, kind, null in definitions))
        known = connection.describe(empty)
    target = replace(target, columns=tuple(_matched(target.columns, [column.name for column in known], target.name)))
    if not connection.execute(f"SELECT OBJECT_ID({literal(target.jobs)})")[0][0]:
        _create(
            connection,
            target.jobs,
            "job char(32) NOT NULL PRIMARY KEY, target nvarchar(300) NOT NULL, committed bit NOT NULL, ended_at datetime2(3) NOT NULL",
        )
    connection.execute(f"DELETE FROM {target.jobs} WHERE ended_at < DATEADD(day, -{_DAYS}, SYSUTCDATETIME())")
    drop(connection, target, days=_DAYS)
    # Whether somebody may write there, and into these columns: an identity column, for one, takes no values.
    connection.execute(f"INSERT INTO {target.name} ({target.listed}) SELECT {target.listed} FROM {target.name} WHERE 1 = 0")
    return target


def created(connection: Connection, target: Target, job: str, table: str) -> str:
    """Makes a staging table, and gives its name in T-SQL; an Error where the job has ended, which drops no more tables."""
    name = target.staging(table)
    definitions = zip(target.columns, target.types, strict=True)
    connection.execute(f"CREATE TABLE {name} ({', '.join(f'{quoted_name(column)} {kind} NULL' for column, kind in definitions)})")
    if connection.execute(f"SELECT 1 FROM {target.jobs} WHERE job = {literal(job)}"):
        raise Error("HY008", 0, f"the write {job} has ended while this task ran")
    return name


def moved(connection: Connection, target: Target, job: str, staged: Iterable[tuple[str, int]], *, overwrite: bool) -> None:
    """Moves the rows of the staging tables into the target in one transaction, unless that was done before."""
    connection.execute("SET XACT_ABORT ON")
    connection.begin()
    # First, so that it waits for a transaction whose answer was lost, and is told what became of that.
    if not _recorded(connection, target, job, committed=True):
        if connection.execute(f"SELECT committed FROM {target.jobs} WHERE job = {literal(job)}") != [("1",)]:
            raise Error("HY008", 0, f"the write {job} was aborted")
        return
    if overwrite:
        connection.execute(f"DELETE FROM {target.name}")
    for table, expected in staged:
        source = target.staging(table)
        count = connection.change(f"INSERT INTO {target.name} ({target.listed}) SELECT {target.listed} FROM {source}")
        if count != expected:
            raise Error("HY000", 0, f"the staging table {source} gave {count} rows where a task has written {expected}")
    if connection.execute("SELECT @@TRANCOUNT") == [("0",)]:
        raise Error("HY000", 0, f"a trigger of {target.name} has ended the transaction")
    connection.commit()


def aborted(connection: Connection, target: Target, job: str) -> None:
    """Records that a job has ended without a commit, unless it has been committed."""
    _recorded(connection, target, job, committed=False)


def _recorded(connection: Connection, target: Target, job: str, *, committed: bool) -> bool:
    try:
        connection.execute(
            f"INSERT INTO {target.jobs} (job, target, committed, ended_at)"
            f" VALUES ({literal(job)}, {literal(target.name)}, {int(committed)}, SYSUTCDATETIME())"
        )
    except Error as error:
        if error.native == _KEY_EXISTS:
            return False
        raise
    return True


def drop(connection: Connection, target: Target, job: str = _ANY_JOB, *, days: int | None = None) -> None:
    """Drops the staging tables of a job; or of all that wrote to this table, if they are older than these days."""
    like = _escaped(target.prefix()) + job + "[_]%"
    schema = literal(target.staging_schema) if target.staging_schema is not None else "SCHEMA_NAME()"
    older = f" AND create_date < DATEADD(day, -{days}, GETDATE())" if days is not None else ""
    named = f"name LIKE {literal(like)} AND SCHEMA_NAME(schema_id) = {schema}"
    for (table,) in connection.execute(f"SELECT name FROM sys.tables WHERE {named}{older}"):
        connection.execute(f"DROP TABLE IF EXISTS {target.staging(str(table))}")


def _escaped(text: str) -> str:
    return "".join(f"[{sign}]" if sign in "%_[" else sign for sign in text)


def _create(connection: Connection, table: str, columns: str) -> None:
    try:
        connection.execute(f"CREATE TABLE {table} ({columns})")
    except Error as error:
        # Another write was faster.
        if error.native != _TABLE_EXISTS:
            raise


def _qualified(schema: str | None, table: str) -> str:
    return f"{quoted_name(schema)}.{quoted_name(table)}" if schema is not None else quoted_name(table)


def _matched(wanted: Iterable[str], known: list[str], table: str) -> Iterable[str]:
    by_name = {name.lower(): name for name in known}
    for name in wanted:
        found = by_name.get(name.lower())
        if found is None:
            near = difflib.get_close_matches(name.lower(), by_name, n=1)
            hint = f" Is it {by_name[near[0]]}?" if near else f" It has {', '.join(known)}."
            raise Error("HY000", 0, f"the table {table} has no column {name}.{hint}")
        yield found
