"""Django with mssql-django and its setting TOKEN, over Microsoft's own driver."""

DJANGO = """
import copy, entra_odbc, django.conf, django.db, pyodbc
from pathlib import Path
host, port = standins["server"].split(",")
(Path(os.environ["ODBCSYSINI"]) / "odbcinst.ini").write_text(
    f"[ODBC Driver 18 for SQL Server]\\nDriver={os.environ['ENTRA_ODBC_DRIVER']}\\n")
def configure(token):
    django.conf.settings.configure(DATABASES={"default": {
        "ENGINE": "mssql", "NAME": "master", "HOST": host, "PORT": port, "TOKEN": token,
        "OPTIONS": {"driver": "ODBC Driver 18 for SQL Server"},
    }})
def who(connection=None):
    with (connection or django.db.connection).cursor() as cursor:
        cursor.execute(WHO)
        return cursor.fetchone()[0]
"""


def test_every_connect_gets_a_fresh_token(machine):
    program = """
token = entra_odbc.django.token(**PRINCIPAL)
configure(token)
for _ in range(3):
    print(who())
    django.db.connection.close()
print(who(django.db.connection.copy()), copy.deepcopy(token) is token, token)
"""
    text = f"{machine.app} True (an Entra token, fresh at each connect)"
    assert machine.python(DJANGO + program).split("\n") == [*[machine.app] * 3, text]
    assert len(machine.standins.requests()) == 1
    assert len(machine.standins.logins()) == 4


def test_a_credential_of_azure_identity_will_do(machine):
    program = "configure(entra_odbc.django.token(azure())); print(who())"
    assert machine.python(DJANGO + program) == machine.app
