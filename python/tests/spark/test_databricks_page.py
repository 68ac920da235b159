"""The code of docs/databricks.md, run as it stands there on Spark alone, with stand-ins in place of `dbutils`."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs/databricks.md").read_text()
REGISTER, SECRET, SERVICE_CREDENTIAL, BROKER, DATABRICKS_TOKEN = re.findall(
    r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
)

DBUTILS = """
class Secrets:
    def get(self, scope, key):
        return standins["app"]["secret"]


class Credentials:
    def getServiceCredentialsProvider(self, name):
        class Provider:
            # No more than the method that credentials of azure-identity have.
            def get_token(self, *scopes, **options):
                return entra_odbc.Credential("Authentication=ActiveDirectoryMsi").get_token(*scopes)
        return Provider()


class dbutils:
    secrets, credentials = Secrets(), Credentials()
"""


@pytest.fixture
def run(cells, standins):
    about = standins.description
    (cells.machine.directory / "client-secret.txt").write_text(about["app"]["secret"])
    cells.run(
        """
        sql("DROP TABLE IF EXISTS dbo.orders", "CREATE TABLE dbo.orders (id int NOT NULL, name nvarchar(50) NULL)")
        sql("INSERT INTO dbo.orders SELECT id, name FROM standin.pairs(100)")
        """
    )
    cells.run(DBUTILS)
    standins.forget()

    def run(code, more):
        for name, here in {
            "SERVER=contoso.database.windows.net;DATABASE=sales": f"SERVER={about['server']};DATABASE=master",
            "<client id>": about["app"]["client_id"],
            "<tenant>": about["tenant_id"],
        }.items():
            code = code.replace(name, here)
        return cells.run(f"{code}\n{more}")

    yield run
    cells.run("sql('DROP TABLE dbo.orders')")


def test_an_application_reads_with_a_secret_of_a_scope(run, standins, machine):
    assert run(REGISTER + SECRET, "result = orders.count()") == 100
    assert {login["outcome"]["accepted"] for login in standins.logins()} == {machine.app}


def test_a_service_credential_reads_by_one_token_and_by_a_broker(run, standins, machine):
    assert run(REGISTER + SERVICE_CREDENTIAL, "result = orders.count()") == 100
    assert run(BROKER, "result = orders.count()\nbroker.close()") == 100
    assert {login["outcome"]["accepted"] for login in standins.logins()} == {machine.msi}


def test_a_token_for_databricks_is_for_its_application(run):
    claims = "from entra_odbc._token import claims_of\nresult = claims_of(token)['aud']"
    assert run(DATABRICKS_TOKEN, claims) == "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
