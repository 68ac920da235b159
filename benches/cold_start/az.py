"""A stand-in for az: imports msal, as az does beside much else, and prints the token that it is given."""

import json
import os

import msal  # noqa: F401

print(json.dumps({"accessToken": os.environ["BENCH_USER_TOKEN"], "expires_on": 4102444800, "tokenType": "Bearer"}))
