"""Signs in by several kinds through several hosts, and prints who the server says we are.

Everything is local: stand-ins for Entra, the managed-identity endpoints and SQL Server, ini files in a temporary
directory. Microsoft's driver, unixODBC and the hosts are the real ones.
"""

import glob
import json
import os
import platform
import pty
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
# What `make demo` has built, in the Cargo profile of that name.
BUILT = os.path.join(TARGET, "demo")
LIBRARY = os.path.join(BUILT, "libentra_odbc.so")
DRIVER = "ODBC Driver 18 Entra for SQL Server"
WHO = "SELECT SUSER_SNAME()"


def real_driver():
    arch = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = ".venv/lib/python3*/site-packages/mssql_python_odbc/libs/linux/debian_ubuntu"
    (path,) = glob.glob(os.path.join(ROOT, package, arch, "lib", "libmsodbcsql-18.*.so.*"))
    return path


def quoted(value):
    return "{" + value.replace("}", "}}") + "}"


class Demo:
    def __init__(self, directory, standins):
        self.directory = directory
        self.standins = standins
        self.failed = 0
        self.environment = {
            "PATH": os.path.join(directory, "tools") + ":" + os.environ["PATH"],
            "HOME": directory,
            "LC_ALL": "C.UTF-8",
            "ODBCSYSINI": directory,
            "ODBCINI": os.path.join(directory, "odbc.ini"),
            "ENTRA_ODBC_DRIVER": real_driver(),
            # Stand-ins in place of the cloud: its authority, its endpoint, its certificates.
            "AZURE_AUTHORITY_HOST": standins["authority"],
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": standins["imds"],
            "SSL_CERT_FILE": standins["ca"],
        }

    def write(self, name, content, mode=0o600):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    def run(self, kind, host, expected, command, **options):
        variables = {**self.environment, **options.pop("variables", {})}
        result = subprocess.run(
            command, env=variables, cwd=self.directory, capture_output=True, text=True, timeout=120, **options
        )
        self.tell(kind, host, expected, result.stdout.strip() or result.stderr.strip(), result.returncode)

    def tell(self, kind, host, expected, output, code):
        answer = (output or "no answer").splitlines()[-1]
        good = code == 0 and answer == expected
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {kind:<42} {host:<28} {answer}", flush=True)

    def isql(self, kind, arguments, expected, host):
        self.run(kind, host, expected, ["isql", "-b", "-v", "-d|", *arguments], input=WHO + "\n")

    def python(self, kind, program, arguments, expected, host, **options):
        self.run(kind, host, expected, [sys.executable, "-c", program, *arguments], **options)

    def pyodbc(self, kind, string, expected, host="pyodbc", **options):
        self.python(kind, PYODBC, [string], expected, host, **options)

    def tool(self, kind, string, expected):
        tool = os.path.join(BUILT, "entra-odbc")
        self.run(kind, "entra-odbc connect", expected, [tool, "connect", string, "--csv", "--query", WHO])

    def browser(self):
        """The variables of someone at a browser: the scripted one of the tests."""
        user = self.standins["user"]
        return {
            "BROWSER": f"{sys.executable} {os.path.join(ROOT, 'tests/hosts/browser.py')} %s",
            "PERSON": user["name"],
            "PERSONS_PASSWORD": user["password"],
        }

    def device_code(self, kind, string, expected):
        """Reads the code off the program's terminal, and enters it in a browser."""
        terminal, shown = pty.openpty()
        command = [sys.executable, "-c", PYODBC, string]
        with subprocess.Popen(
            command, env=self.environment, cwd=self.directory, stdout=subprocess.PIPE, stderr=shown, text=True
        ) as host:
            os.close(shown)
            text = ""
            while not (code := re.search(r"code ([A-Z0-9]{9}) to", text)):
                text += os.read(terminal, 4096).decode()
            page = f"{self.standins['authority']}/common/oauth2/deviceauth?otc={code[1]}"
            browser = [sys.executable, os.path.join(ROOT, "tests/hosts/browser.py"), page]
            subprocess.run(browser, env={**self.environment, **self.browser()}, check=True, timeout=120)
            output = host.communicate(timeout=120)[0].strip()
        self.tell(kind, "pyodbc on a terminal", expected, output, host.returncode)


PYODBC = f"import pyodbc, sys; print(pyodbc.connect(sys.argv[1]).execute('{WHO}').fetchval())"
SQLALCHEMY = f"""
import sqlalchemy, sys
with sqlalchemy.create_engine(sys.argv[1]).connect() as connection:
    print(connection.execute(sqlalchemy.text('{WHO}')).scalar())
"""


def main():
    with tempfile.TemporaryDirectory(prefix="entra-odbc-demo-") as directory:
        program = [os.path.join(BUILT, "standins"), "--directory", directory]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            standins = json.loads(process.stdout.readline())
            demo = Demo(directory, standins)
            show(demo)
            process.stdin.close()
    print("all as expected" if not demo.failed else f"{demo.failed} went wrong")
    return demo.failed != 0


def show(demo):
    standins = demo.standins
    tenant, app, user = standins["tenant_id"], standins["app"], standins["user"]
    of_app = lambda client: f"{client}@{tenant}"
    system, assigned = of_app(standins["system_assigned"]["client_id"]), of_app(standins["user_assigned"]["client_id"])
    server = f"SERVER={standins['server']};"
    string = f"DRIVER={{{DRIVER}}};{server}"
    secret_file = demo.write("secret", app["secret"])
    token_file = demo.write("token", user["token"])
    demo.write("odbcinst.ini", f"[{DRIVER}]\nDriver={LIBRARY}\n")
    demo.write(
        "odbc.ini",
        f"[payroll]\nDriver={DRIVER}\nServer={standins['server']}\nAuthentication=ActiveDirectoryMsi\n",
    )
    answer = json.dumps({"accessToken": user["token"], "expires_on": 4102444800, "tokenType": "Bearer"})
    demo.write("tools/az", f"#!/bin/sh\necho '{answer}'\n", 0o700)

    print(f"     {'authentication mode':<42} {'host':<28} who the server says we are")
    msi = "Authentication=ActiveDirectoryMsi"
    kind = "managed identity (IMDS), system-assigned"
    demo.isql(kind, ["-k", f"{string}{msi}"], system, "isql -k")
    demo.isql(kind, ["payroll"], system, "isql DSN")
    demo.pyodbc(kind, f"{string}{msi}", system, "pyodbc, registered name")
    demo.pyodbc(kind, f"DRIVER={LIBRARY};{server}{msi}", system, "pyodbc, driver path")
    url = f"mssql+pyodbc://@{standins['server'].replace(',', ':')}/master?driver={DRIVER.replace(' ', '+')}&{msi}"
    demo.python(kind, SQLALCHEMY, [url], system, "SQLAlchemy URL")
    plain = os.path.join(demo.directory, "plain")
    subprocess.run(["cc", "-o", plain, os.path.join(ROOT, "tests/hosts/plain.c"), "-lodbc"], check=True)
    demo.run(kind, "C program with libodbc", system, [plain, f"{string}{msi}"])

    identity = standins["user_assigned"]
    for name, keyword, value in [
        ("client id", "UID", identity["client_id"]),
        ("object id", "ObjectId", identity["object_id"]),
        ("resource id", "MsiResourceId", identity["resource_id"]),
    ]:
        demo.pyodbc(f"managed identity (IMDS), by {name}", f"{string}{msi};{keyword}={value}", assigned)
    app_service = {
        "IDENTITY_ENDPOINT": standins["identity_endpoint"],
        "IDENTITY_HEADER": standins["identity_header"],
    }
    demo.pyodbc("managed identity (App Service)", f"{string}{msi}", system, variables=app_service)
    service_fabric = {
        "IDENTITY_ENDPOINT": standins["service_fabric_endpoint"],
        "IDENTITY_HEADER": standins["identity_header"],
        "IDENTITY_SERVER_THUMBPRINT": standins["service_fabric_thumbprint"],
    }
    demo.pyodbc("managed identity (Service Fabric)", f"{string}{msi}", system, variables=service_fabric)
    machine_learning = {
        "MSI_ENDPOINT": standins["ml_endpoint"],
        "MSI_SECRET": standins["ml_secret"],
        "DEFAULT_IDENTITY_CLIENT_ID": identity["client_id"],
    }
    demo.pyodbc("managed identity (Azure ML)", f"{string}{msi}", assigned, variables=machine_learning)
    cloud_shell = {"MSI_ENDPOINT": standins["cloud_shell_endpoint"]}
    demo.pyodbc("managed identity (Cloud Shell)", f"{string}{msi}", user["name"], variables=cloud_shell)

    principal = f"Authentication=ActiveDirectoryServicePrincipal;UID={app['client_id']};TenantId={tenant};"
    kind = "service principal, secret"
    demo.pyodbc(kind, f"{string}{principal}PWD={quoted(app['secret'])}", of_app(app["client_id"]))
    demo.isql(kind, ["-k", f"{string}{principal}PWD={quoted(app['secret'])}"], of_app(app["client_id"]), "isql -k")
    demo.tool(kind, f"{string}{principal}PWD={quoted(app['secret'])}", of_app(app["client_id"]))
    demo.pyodbc("service principal, secret in a file", f"{string}{principal}PWDFile={secret_file}", of_app(app["client_id"]))
    tenantless = f"Authentication=ActiveDirectoryServicePrincipal;UID={app['client_id']};PWD={quoted(app['secret'])}"
    demo.pyodbc("service principal, tenant from the server", f"{string}{tenantless}", of_app(app["client_id"]))
    environment = {
        "AZURE_TENANT_ID": tenant,
        "AZURE_CLIENT_ID": app["client_id"],
        "AZURE_CLIENT_SECRET": app["secret"],
    }
    pipelines = standins["azure_pipelines"]
    task = {
        "SYSTEM_OIDCREQUESTURI": pipelines["oidc_request_uri"],
        "SYSTEM_ACCESSTOKEN": pipelines["access_token"],
        "AZURESUBSCRIPTION_CLIENT_ID": pipelines["client_id"],
        "AZURESUBSCRIPTION_TENANT_ID": tenant,
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": pipelines["service_connection_id"],
    }
    kind = "Azure Pipelines, service connection"
    connection = f"{string}Authentication=ActiveDirectoryAzurePipelines"
    demo.pyodbc(kind, connection, of_app(pipelines["client_id"]), variables=task)
    kind = "default chain: environment variables"
    default = f"{string}Authentication=ActiveDirectoryDefault"
    demo.pyodbc(kind, default, of_app(app["client_id"]), variables=environment)
    demo.pyodbc("default chain: managed identity", default, system)

    interactive = f"{string}Authentication=ActiveDirectoryInteractive"
    demo.pyodbc("browser (scripted)", interactive, user["name"], variables=demo.browser())
    demo.device_code("device code", f"{string}Authentication=ActiveDirectoryDeviceCode", user["name"])
    password = f"Authentication=ActiveDirectoryPassword;UID={user['name']};PWD={quoted(user['password'])};TenantId={tenant}"
    demo.pyodbc("password", f"{string}{password}", user["name"])
    portal = standins["portal"]
    caller = (
        f"Authentication=ActiveDirectoryOnBehalfOf;UID={portal['client_id']};PWD={quoted(portal['secret'])};"
        f"TenantId={tenant};UserAssertion={portal['token_of_user']}"
    )
    demo.pyodbc("on behalf of the caller of a service", f"{string}{caller}", user["name"])
    demo.pyodbc("Azure CLI (scripted az)", f"{string}Authentication=ActiveDirectoryAzCli", user["name"])
    demo.pyodbc("access token in the string", f"{string}AccessToken={user['token']}", user["name"])
    demo.pyodbc("access token in a file", f"{string}AccessTokenFile={token_file}", user["name"])
    login = standins["sql_login"]
    demo.pyodbc("SQL login (none of ours, forwarded)", f"{string}UID={login['user']};PWD={quoted(login['password'])}", login["user"])


if __name__ == "__main__":
    sys.exit(main())
