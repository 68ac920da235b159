"""SQLAlchemy with Microsoft's own driver: fresh tokens at each connect, no connection past its token's end."""

import time

import pytest

ENGINE = """
import entra_odbc, pyodbc, sqlalchemy, time
from urllib.parse import quote_plus
def url(rest=""):
    host, port = standins["server"].split(",")
    driver = quote_plus(os.environ["ENTRA_ODBC_DRIVER"])
    return f"mssql+pyodbc://@{host}:{port}/master?driver={driver}{rest}"
def who(engine):
    with engine.connect() as connection:
        return connection.execute(sqlalchemy.text(WHO)).scalar()
"""


def test_an_engine_signs_in(machine):
    program = """
for engine, credential, keywords in [
    (sqlalchemy.create_engine(url()), entra_odbc.Credential(**PRINCIPAL), {}),
    (sqlalchemy.create_engine(url()), azure(), {}),
    (sqlalchemy.create_engine(url()), MSI, {}),
    (sqlalchemy.create_engine(url()), None, PRINCIPAL),
    (sqlalchemy.create_engine(url("&Authentication=ActiveDirectoryMsi")), None, {}),
]:
    entra_odbc.sqlalchemy.register(engine, credential, **keywords)
    print(who(engine))
"""
    app, msi = machine.app, machine.msi
    assert machine.python(ENGINE + program).split("\n") == [app, app, msi, app, msi]


def test_an_engine_for_asyncio_signs_in(machine):
    program = """
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine
async def main():
    engine = create_async_engine(url().replace("+pyodbc", "+aioodbc"))
    entra_odbc.sqlalchemy.register(engine, MSI)
    async with engine.connect() as connection:
        print((await connection.execute(sqlalchemy.text(WHO))).scalar())
    await engine.dispose()
asyncio.run(main())
"""
    assert machine.python(ENGINE + program) == machine.msi


def test_attributes_of_the_programs_own_stay(machine):
    program = """
engine = sqlalchemy.create_engine(url(), connect_args={"attrs_before": {103: 7}})
entra_odbc.sqlalchemy.register(engine, MSI)
print(who(engine))
with engine.connect() as connection:
    print(connection.connection.dbapi_connection.getinfo(pyodbc.SQL_DRIVER_NAME)[:14])
"""
    assert machine.python(ENGINE + program) == f"{machine.msi}\nlibmsodbcsql-1"


def test_a_pooled_connection_is_discarded_once_its_token_has_ended(machine):
    machine.standins.control("/lifetime", seconds=4)
    program = """
engine = sqlalchemy.create_engine(url(), pool_size=1, max_overflow=0)
credential = entra_odbc.Credential(**PRINCIPAL)
entra_odbc.sqlalchemy.register(engine, credential)
assert who(engine) == who(engine)
print(credential.identity().expires_on, flush=True)
input()
print(who(engine))
print(who(engine))
"""
    with machine.start(ENGINE + program) as process:
        ends = int(process.stdout.readline())
        assert len(machine.standins.logins()) == 1
        machine.standins.control("/lifetime", seconds=3600)
        while time.time() <= ends + 1:
            time.sleep(0.1)
        out, err = process.communicate("\n", timeout=60)
        assert out == f"{machine.app}\n{machine.app}\n", err
    logins = machine.standins.logins()
    assert [login["reconnect"] for login in logins] == [False, False]


@pytest.mark.parametrize(
    ("ping", "answers"),
    [(False, ["ProgrammingError True", "{app}"]), (True, ["{app}", "{app}"])],
)
def test_a_pooled_connection_that_lost_its_transaction_is_discarded(machine, ping, answers):
    program = """
engine = sqlalchemy.create_engine(url(), pool_size=1, max_overflow=0, pool_pre_ping=sys.argv[1] == "True")
entra_odbc.sqlalchemy.register(engine, **PRINCIPAL)
print(who(engine), flush=True)
# Driver 18 restores a connection only if that was idle for 5 ms.
time.sleep(0.1)
input()
for _ in range(2):
    try:
        print(who(engine))
    except sqlalchemy.exc.DBAPIError as error:
        print(type(error).__name__, error.connection_invalidated)
"""
    with machine.start(ENGINE + program, str(ping)) as process:
        assert process.stdout.readline() == f"{machine.app}\n"
        machine.standins.control("/connections/drop")
        out, err = process.communicate("\n", timeout=60)
        assert out.splitlines() == [answer.format(app=machine.app) for answer in answers], err
    assert [login["reconnect"] for login in machine.standins.logins()] == [False, True, False]


def test_a_refusal_is_our_error_at_connect(machine):
    program = """
engine = sqlalchemy.create_engine(url())
entra_odbc.sqlalchemy.register(engine, **{**PRINCIPAL, "PWD": "guessed"})
try:
    who(engine)
except entra_odbc.Error as error:
    print(error.sqlstate, error.native)
"""
    assert machine.python(ENGINE + program) == "28000 7000215"


@pytest.mark.parametrize("name", ["QueuePool", "NullPool", "StaticPool"])
def test_every_pool_works(machine, name):
    program = """
engine = sqlalchemy.create_engine(url(), poolclass=getattr(sqlalchemy.pool, sys.argv[1]))
entra_odbc.sqlalchemy.register(engine, MSI)
print(who(engine) == who(engine))
"""
    assert machine.python(ENGINE + program, name) == "True"
