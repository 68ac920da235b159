"""The settings; `DATABASES` is what this example is about."""

import os

DATABASES = {
    "default": {
        "ENGINE": "mssql",
        "HOST": os.environ["DATABASE_HOST"],
        "PORT": os.environ.get("DATABASE_PORT", "1433"),
        "NAME": os.environ.get("DATABASE_NAME", "master"),
        # Kept for good: the driver renews the token of an open connection.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "driver": "ODBC Driver 18 Entra for SQL Server",
            "extra_params": os.environ.get("DATABASE_SIGN_IN", "Authentication=ActiveDirectoryMsi"),
        },
    }
}

ROOT_URLCONF = "who.urls"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
# Signs nothing here: the project has no sessions and no forms.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "not-a-secret")
USE_TZ = True
