"""A Databricks App that says who it is in a database of Azure SQL: an application of Entra's, for all its visitors."""

import os

import entra_odbc
import uvicorn
from fastapi import FastAPI, Request

app = FastAPI()


def connect():
    """A connection as the application. The driver requests one token for all of them, and renews it."""
    return entra_odbc.connect(
        server=os.environ["DATABASE_SERVER"],
        database=os.environ["DATABASE_NAME"],
        authentication="ActiveDirectoryServicePrincipal",
        uid=os.environ["APP_CLIENT_ID"],
        pwd=os.environ["APP_CLIENT_SECRET"],
        tenantid=os.environ["APP_TENANT_ID"],
        # Outside autocommit, Driver 18 restores lost connections in a state in which they only fail (error 3971).
        autocommit=True,
    )


# Not `async def`: FastAPI calls it on a thread, so that a connect does not stop the other requests.
@app.get("/")
def who(request: Request):
    connection = connect()
    try:
        name = connection.execute("SELECT SUSER_SNAME()").fetchval()
    finally:
        connection.close()
    # Whom Databricks has signed in. It is for the page to show: the database does not know of that person.
    return {"database": name, "visitor": request.headers.get("x-forwarded-email")}


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=int(os.environ["DATABRICKS_APP_PORT"]))
