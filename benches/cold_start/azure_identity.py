"""Imports Python's azure-identity and gets one token; prints milliseconds: the import, the first token, a cached one.

Authority, tenant, client id and secret are the arguments; requests takes its certificates from REQUESTS_CA_BUNDLE.
"""

import struct
import sys
import time

start = time.perf_counter()
from azure.identity import ClientSecretCredential  # noqa: E402

imported = time.perf_counter()
authority, tenant, client, secret = sys.argv[1:]
scope = "https://database.windows.net/.default"
credential = ClientSecretCredential(tenant, client, secret, authority=authority, disable_instance_discovery=True)
credential.get_token(scope)
first = time.perf_counter()
count = 1000
for _ in range(count):
    token = credential.get_token(scope).token.encode("utf-16-le")
    struct.pack(f"<I{len(token)}s", len(token), token)
cached = time.perf_counter()
print(f"{(imported - start) * 1e3:.3f}\t{(first - imported) * 1e3:.3f}\t{(cached - first) / count * 1e3:.6f}")
