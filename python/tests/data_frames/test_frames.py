"""docs/data-frames.md, run: each engine reads what the table has, with as many token requests as the page says."""

import importlib.util
import textwrap
from pathlib import Path

# In the table that conftest.py fills.
ROWS = 1000
SUM = ROWS * (ROWS + 1) // 2
COPIED = """
with entra_odbc.connect(string) as connection:
    print(connection.execute("SELECT COUNT(*), MAX(name) FROM dbo.orders_copy").fetchone())
"""
# What the page warns of is printed, not raised.
ATTEMPT = """
def attempt(function, *arguments, **keywords):
    try:
        print(function(*arguments, **keywords))
    except Exception as error:
        print(type(error).__name__, str(error).replace("\\n", " "))
"""
# The person who types the code of a prompt into a browser.
APPROVE = """
import entra_odbc, ssl, urllib.parse, urllib.request
def approve(prompt):
    user = standins["user"]
    form = urllib.parse.urlencode({"user_code": prompt.user_code, "username": user["name"], "password": user["password"]})
    page = standins["authority"] + "/common/oauth2/deviceauth"
    urllib.request.urlopen(page, form.encode(), context=ssl.create_default_context(cafile=standins["ca"])).read()
entra_odbc.on_prompt(approve)
"""


def lines(machine, program):
    return machine.python(program).split("\n")


def install_extension(machine):
    """From the file of a PyPI package, as DuckDB's own repository may be out of reach."""
    package = importlib.util.find_spec("duckdb_extension_odbc_scanner").origin
    (extension,) = Path(package).parent.rglob("*.duckdb_extension")
    machine.python(f"import duckdb; duckdb.sql(\"INSTALL '{extension}'\")")


def test_every_block_is_run(page):
    counts = {heading: len(blocks) for heading, blocks in page.sections.items() if blocks}
    assert counts == {
        **{"The string": 1, "pandas": 1, "Polars": 1, "arrow-odbc": 1, "DuckDB": 2, "Dask": 2, "Ray": 2},
        "Several processes": 1,
    }


def test_pandas_reads_and_writes_by_sqlalchemy(page, tables):
    out, err = tables.run(page.program("pandas", 0, "print(len(orders), rows, orders.name[7])", COPIED))
    assert out.split("\n") == [f"{ROWS} {ROWS} row 7", f"({ROWS}, 'row 999')"]
    assert "UserWarning" not in err
    assert len(tables.standins.requests()) == 1


def test_pandas_warns_of_a_connection_and_reads(tables):
    program = """
    import entra_odbc, pandas
    print(len(pandas.read_sql("SELECT id, name FROM dbo.orders", entra_odbc.connect(server + MSI))))
    """
    out, err = tables.run(program)
    assert out == str(ROWS)
    assert "UserWarning: pandas only supports SQLAlchemy connectable" in err


def test_polars_reads_by_arrow_and_writes_by_sqlalchemy(page, tables):
    shown = "print(orders.shape, rows, orders.schema['id'], notes['note'].str.len_chars().max())"
    expected = [f"({ROWS}, 2) {ROWS} Int32 5000", f"({ROWS}, 'row 999')"]
    assert lines(tables, page.program("Polars", 0, shown, COPIED)) == expected
    assert len(tables.standins.requests()) == 1


def test_polars_knows_a_string_by_its_braces(tables):
    program = """
    import entra_odbc, polars
    path = entra_odbc.driver()
    for string in f"DRIVER={path};{server}{MSI}", "DSN=payroll", f"{server}{MSI}Driver={{{path}}}":
        attempt(lambda: polars.read_database("SELECT id FROM dbo.orders", string).shape)
    connection = entra_odbc.connect(server + MSI)
    print(polars.read_database("SELECT id FROM dbo.orders", connection).schema["id"])
    """
    refused = "ValueError unable to identify string connection as valid ODBC (no driver)"
    assert lines(tables, ATTEMPT + textwrap.dedent(program)) == [refused, refused, f"({ROWS}, 1)", "Int64"]


def test_arrow_odbc_reads_batches_and_writes(page, tables):
    shown = """
print(rows, table.num_rows, max(map(len, filter(None, table["note"].to_pylist()))))
print(entra_odbc.connect(string).execute("SELECT COUNT(*) FROM dbo.notes_copy WHERE note IS NOT NULL").fetchval())
frame = arrow_odbc.read_arrow_batches_from_odbc("SELECT id FROM dbo.orders", string)
print(frame.into_pyarrow_record_batch_reader().read_pandas().shape)
"""
    expected = [f"{ROWS} {ROWS} 5000", "1", f"({ROWS}, 1)"]
    assert lines(tables, page.program("arrow-odbc", 0, shown)) == expected
    assert len(tables.standins.requests()) == 1


def test_arrow_odbc_cuts_no_value(page, tables):
    shown = """
read = lambda size: arrow_odbc.read_arrow_batches_from_odbc("SELECT note FROM dbo.orders", string, max_text_size=size)
attempt(read, None)
attempt(lambda: read(100).into_pyarrow_record_batch_reader().read_all())
"""
    *_, unbounded, too_long = lines(tables, ATTEMPT + page.program("arrow-odbc", 0, shown))
    assert "did not specify a sensible upper bound" in unbounded
    assert "too large to be written into the allocated buffer without truncation" in too_long


def test_duckdb_reads_record_batches(page, tables):
    shown = """
print(greatest)
attempt(lambda: duckdb.sql("SELECT count(*) FROM batches").fetchall())
with entra_odbc.connect(string) as connection:
    print(connection.execute("SELECT id, name FROM dbo.orders_copy ORDER BY id").fetchall())
"""
    first, again, copied = lines(tables, ATTEMPT + page.program("DuckDB", 0, shown))
    assert first == f"[({ROWS},)]"
    # DuckDB 2.0.1 raises InvalidInputException.
    assert again == "[(0,)]"
    assert copied == "[(1, 'row 1'), (2, 'row 2'), (3, 'row 3')]"
    assert len(tables.standins.requests()) == 1


def test_duckdb_reads_by_its_extension(page, tables):
    install_extension(tables)
    assert tables.python(page.program("DuckDB", 1, "print(greatest)")) == f"[({ROWS},)]"
    assert len(tables.standins.requests()) == 1


def test_messages_of_duckdbs_extension_quote_the_string(tables):
    install_extension(tables)
    program = """
import duckdb, entra_odbc
duckdb.sql("LOAD odbc_scanner")
sign_in = f"{server}Authentication=ActiveDirectoryServicePrincipal;UID={app['client_id']};TenantId={standins['tenant_id']}"
for secret in "PWD=guessed", "Password=guessed":
    attempt(duckdb.execute, "SELECT odbc_connect(?)", [f"DRIVER={{{entra_odbc.driver()}}};{sign_in};{secret}"])
"""
    masked, shown = lines(tables, ATTEMPT + program)
    assert "PWD=***" in masked
    assert "Password=guessed" in shown


def test_dask_divides_a_query(page, tables):
    shown = """
print(frame.npartitions, longest, len(frame))
lots = sqlalchemy.table("orders", sqlalchemy.column("lot"), sqlalchemy.column("name"), schema="dbo")
text = url.render_as_string(hide_password=False)
print(len(dask.dataframe.read_sql_query(sqlalchemy.select(lots.c.lot, lots.c.name), text, index_col="lot", npartitions=4)))
"""
    # The row in which the column is NULL is in no partition.
    assert lines(tables, page.program("Dask", 0, shown)) == [f"4 8 {ROWS}", str(ROWS - 1)]
    assert len(tables.standins.requests()) == 1


def test_dask_reads_in_processes_of_its_own(page, tables):
    assert tables.python(page.program("Dask", 1, "print(total)")) == str(SUM)
    # What was read here, for the types, and the workers have one token.
    assert len(tables.standins.requests()) == 1


def test_each_worker_of_dask_signs_in_once_and_shows_no_prompt(tables):
    program = """
import sys
from dask.distributed import Client, LocalCluster
def connect(string):
    import entra_odbc
    return entra_odbc.connect(string).execute("SELECT SUSER_SNAME()").fetchval()
if __name__ == "__main__":
    import entra_odbc
    with LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        for _ in range(2):
            print(*client.run(connect, server + MSI + sys.argv[1]).values())
        attempt(client.run, connect, server + "Authentication=ActiveDirectoryDeviceCode")
        attempt(client.submit, entra_odbc.Credential(MSI).get_token)
"""
    for more, requests in ("", 3), ("TokenCache=shared", 1):
        tables.standins.forget()
        out, err = tables.run(ATTEMPT + program, more)
        *who, prompt, credential = out.split("\n")
        assert who == [" ".join([tables.msi] * 3)] * 2
        assert "HYC00" in prompt
        assert "this program can show no prompt" in prompt
        assert credential.startswith("TypeError")
        assert "args:     ('SERVER=" in err
        assert "a Credential belongs to its process: make one from the same keywords in the other" in err
        assert len(tables.standins.requests()) == requests


def test_ray_reads_in_one_task(page, tables):
    shown = """
print(count, orders.schema().names)
attempt(ray.data.read_sql, "SELECT id, name FROM dbo.orders", connect, shard_keys=["id"], override_num_blocks=4)
credential = entra_odbc.Credential(Authentication="ActiveDirectoryMsi")
attempt(lambda: ray.remote(lambda: credential.get_token()).remote())
"""
    result, sharded, credential = lines(tables, ATTEMPT + page.program("Ray", 0, shown))
    assert result == f"{ROWS} ['id', 'name']"
    assert "Database does not support sharding" in sharded
    assert "a Credential belongs to its process" in credential
    assert len(tables.standins.requests()) == 1


def test_ray_reads_ranges_in_parallel(page, tables):
    assert tables.python(page.program("Ray", 1, "print(total)")) == str(SUM)
    assert len(tables.standins.requests()) == 1


def test_each_worker_of_ray_signs_in_once(tables):
    program = """
    import ray, entra_odbc
    ray.init(num_cpus=2)
    @ray.remote
    def who(string):
        return os.getpid(), entra_odbc.connect(string).execute("SELECT SUSER_SNAME()").fetchval()
    workers, names = zip(*ray.get([who.remote(server + MSI) for _ in range(8)]))
    print(len(set(workers)), *set(names))
    """
    workers, name = tables.python(program).split(" ")
    assert name == tables.msi
    assert len(tables.standins.requests()) == int(workers)


def test_workers_connect_with_the_token_of_a_person(page, tables):
    shown = """
import dask
def who(string):
    import entra_odbc
    return entra_odbc.connect(string).execute("SELECT SUSER_SNAME()").fetchval()
if __name__ == "__main__":
    print(*set(dask.compute(*[dask.delayed(who)(as_person) for _ in range(4)], scheduler="processes", num_workers=2)))
"""
    name = tables.standins.description["user"]["name"]
    assert tables.python(APPROVE + page.program("Several processes", 0, shown)) == name
    # The workers add nothing to the person's own.
    assert [request["form"]["grant_type"].rpartition(":")[2] for request in tables.standins.requests()] == ["device_code"]
