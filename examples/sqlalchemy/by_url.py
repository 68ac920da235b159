"""An SQLAlchemy engine that signs in by its URL alone: prints who the server says we are, and its databases.

    by_url.py [<keyword>=<value>…]

The keywords say who signs in; without any it is the machine's own managed identity.
"""

import os
import sys

import sqlalchemy
from sqlalchemy import URL, column, func, select, table

DATABASES = table("databases", column("name"), schema="sys")


def engine(sign_in):
    url = URL.create(
        "mssql+pyodbc",
        host=os.environ["DATABASE_HOST"],
        port=int(os.environ.get("DATABASE_PORT", 1433)),
        database=os.environ.get("DATABASE_NAME", "master"),
        # SQLAlchemy's ping opens lost connections anew. Driver 18's own recovery, which the 0 turns off, restores them
        # without the transaction that it takes to be open (error 3971); it is for connections in autocommit.
        query={"driver": "ODBC Driver 18 Entra for SQL Server", "ConnectRetryCount": "0", **sign_in},
    )
    # Nothing about tokens: the driver gets, keeps and renews them, for all connections of the pool at once.
    return sqlalchemy.create_engine(url, pool_pre_ping=True)


def main(arguments):
    sign_in = dict(argument.split("=", 1) for argument in arguments) or {"Authentication": "ActiveDirectoryMsi"}
    with engine(sign_in).connect() as connection:
        print(connection.scalar(select(func.suser_sname())))
        for name in connection.scalars(select(DATABASES.c.name)):
            print(f"  {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
