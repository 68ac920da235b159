"""The certificate of one token broker, and the TLS of both ends."""

from __future__ import annotations

import base64
import contextlib
import datetime
import os
import secrets
import ssl
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

# Names the broker in its certificate; it is no name of a machine.
NAME = "token-broker.entra-odbc.invalid"
_LIFE = datetime.timedelta(days=366)
# Clocks of executors may be behind.
_BACK = datetime.timedelta(days=1)


def server_context() -> tuple[ssl.SSLContext, str]:
    """TLS for a broker with a key of its own, and its certificate (DER in Base64)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACK)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    # ssl reads keys from files alone: the file is encrypted, and its password never leaves this function.
    password = secrets.token_bytes(32)
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.hex().encode()),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with _file() as (file, path):
        file.write(pem)
        file.flush()
        context.load_cert_chain(path, password=password.hex())
    return context, base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


@contextlib.contextmanager
def _file() -> Iterator[tuple[IO[bytes], str]]:
    """A file and its path: in memory alone where the system has that (Linux), else in the directory for temporary ones."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("entra-odbc"), "wb") as file:
            yield file, f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as named:
            yield named, named.name


def client_context(certificate: str) -> ssl.SSLContext:
    """TLS that accepts the broker with this certificate, and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=base64.b64decode(certificate, validate=True))
    return context
