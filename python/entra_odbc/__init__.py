"""Microsoft Entra sign-in for Azure SQL: an ODBC driver, and tokens for programs that use Microsoft's driver.

Connect with pyodbc, SQLAlchemy or any other ODBC program through the driver in this package, which signs in by
keywords of the connection string and passes everything else to Microsoft's ODBC Driver 18:

>>> import entra_odbc
>>> connection = entra_odbc.connect("SERVER=contoso.database.windows.net;DATABASE=payroll;"
...                                 "Authentication=ActiveDirectoryMsi")

>>> pyodbc.connect(f"DRIVER={entra_odbc.driver()};SERVER=…;DATABASE=…;Authentication=ActiveDirectoryDefault")

or keep Microsoft's driver and take only the token from here:

>>> credential = entra_odbc.Credential("Authentication=ActiveDirectoryDefault")
>>> pyodbc.connect(string, attrs_before=entra_odbc.attrs_before(credential))

Who signs in is said by `Authentication=ActiveDirectory…` with one of these names, and the keywords that it needs (and
may have; nearly all TenantId, and all Authority, Scope, TokenTimeout, TokenCache):

  Default                      whatever this machine offers (UID, ClientId)
  Environment                  whom azure-identity's variables name
  Msi                          the identity that Azure gave to this machine or app (UID, ClientId, ObjectId, ResourceId)
  ServicePrincipal             an application, by its secret or certificate, or by a managed identity: UID, PWD(File) or
                               ClientCertificate or FederatedIdentity (ManagedIdentityClientId, ObjectId, ResourceId)
  ServicePrincipalCertificate  an application, by its certificate: UID, ClientCertificate (ClientKey,
                               ClientCertificatePassword(File), PWD(File), SendCertificateChain)
  ClientAssertion              an application that someone else vouches for: UID, ClientAssertion(File)
  WorkloadIdentity             an application that its Kubernetes cluster vouches for (UID, ClientId,
                               ClientAssertionFile)
  AzurePipelines               the service connection of an Azure Pipelines task (UID, ClientId, ServiceConnectionId,
                               SystemToken(File))
  AzCli                        whoever ran `az login`
  AzureDeveloperCli            whoever ran `azd auth login`
  AzurePowerShell              whoever ran `Connect-AzAccount`
  DeviceCode                   a person with any browser anywhere, by a code (ClientId, InteractiveTimeout, SaveAccount)
  Interactive                  a person with this machine's browser (UID, ClientId, RedirectUri, InteractiveTimeout,
                               SaveAccount)
  Password                     a person, by name and password: UID, PWD(File) (ClientId)
  RefreshToken                 a person who signed in elsewhere: RefreshToken(File) (ClientId)
  OnBehalfOf                   the person who called a service: UserAssertion(File), UID, PWD(File) or ClientCertificate
                               or ClientAssertion(File) or FederatedIdentity (ManagedIdentityClientId, ObjectId,
                               ResourceId, ClientKey, ClientCertificatePassword(File), SendCertificateChain)
  AccessToken                  whoever the token names: AccessToken(File) or PWD
  TokenProvider                whoever the program has a token for, by a callback of its own: TokenProvider

The rest is printed by `python -m entra_odbc explain keywords`. Any credential of azure-identity can
sign in as well: `connect(…, credential=credential)`. Tokens are requested once for all connections of an identity,
renewed before they end, and shared by everything in this process.

- SQLAlchemy: `entra_odbc.sqlalchemy.register(engine)`.
- Django: `entra_odbc.django.token(…)` for the setting TOKEN.
- asyncio, and clients of the Azure SDK's `aio` modules: `entra_odbc.aio.Credential`.
- Spark: `entra_odbc.spark.register(spark)`, then `spark.read.format("entra_odbc")`.
- A program without a terminal shows prompts by `on_prompt`; a Jupyter notebook that a person runs shows them by itself.
- pyodbc and Driver 18 need unixODBC and Kerberos: where the system has none, `load_odbc()` before `import pyodbc`
  loads those of the wheel, and `advice()` says what is still missing and the command that installs it.

Threads may use everything here at once. A forked child goes on with its parent's tokens and credentials. A call waits
for its token where none is at hand, on the main thread so that Ctrl-C ends it; in asyncio, use `entra_odbc.aio`.
Callbacks (providers, prompts) are called on threads of the library's own and may call everything here. What a
provider raises is the error of those who wait for its answer; one that blocks costs them the login timeout.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import aio, django, spark, sqlalchemy
    from ._attrs import attrs_before
    from ._connect import connect, driver, stock_connection_string
    from ._credential import Credential
    from ._error import Error
    from ._log import log_to
    from ._prompts import Prompt, on_prompt, prompt_in_cells
    from ._providers import register_provider
    from ._system import advice, load_odbc, missing
    from ._token import AccessToken, AccessTokenInfo, Identity

__version__ = "0.1.0"

# Each is imported when it is first asked for, so that importing the package costs next to nothing.
_PLACES = {
    "AccessToken": "_token",
    "AccessTokenInfo": "_token",
    "Credential": "_credential",
    "Error": "_error",
    "Identity": "_token",
    "Prompt": "_prompts",
    "advice": "_system",
    "attrs_before": "_attrs",
    "connect": "_connect",
    "driver": "_connect",
    "load_odbc": "_system",
    "log_to": "_log",
    "missing": "_system",
    "on_prompt": "_prompts",
    "prompt_in_cells": "_prompts",
    "register_provider": "_providers",
    "stock_connection_string": "_connect",
}
_MODULES = ("aio", "django", "spark", "sqlalchemy")

__all__ = [
    "AccessToken",
    "AccessTokenInfo",
    "Credential",
    "Error",
    "Identity",
    "Prompt",
    "advice",
    "attrs_before",
    "connect",
    "driver",
    "load_odbc",
    "log_to",
    "missing",
    "on_prompt",
    "prompt_in_cells",
    "register_provider",
    "stock_connection_string",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _PLACES:
        value = getattr(import_module(f".{_PLACES[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        # These need asyncio, or SQLAlchemy and the like, which not everyone has.
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
