"""Certificates of a mock that is served over HTTPS: the operator's own, or one that is made for its host."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from specduet.specs import UsageError


@dataclass(frozen=True)
class TlsCertificate:
    """A certificate with its key, as PEM files."""

    file: Path
    key: Path
    authority: Path | None = None
    """The certificate that a client has to trust; None where the operator knows it."""


@contextmanager
def open_certificate(host: str, file: Path | None, key: Path | None, *, make: bool) -> Iterator[TlsCertificate | None]:
    """Yield the given certificate, a new one if one is to be made, or None for plain HTTP.

    Raises ``UsageError`` for a certificate without a key, and for a key without a certificate.
    """
    if file is not None and key is not None:
        yield TlsCertificate(file, key)
    elif file is not None or key is not None:
        raise UsageError("--tls-cert and --tls-key are given together")
    elif make:
        with _make_certificate(host) as made:
            yield made
    else:
        yield None


@contextmanager
def _make_certificate(host: str) -> Iterator[TlsCertificate]:
    """Yield a certificate for a host, for ``localhost`` and for the loopback addresses. The files go at the end.

    Nobody can sign another certificate with its authority: the key of that is kept nowhere.
    """
    import trustme  # takes a tenth of a second, and only HTTPS needs it

    authority = trustme.CA(organization_name="specduet")
    issued = authority.issue_cert(*dict.fromkeys([host, "localhost", "127.0.0.1", "::1"]))
    with tempfile.TemporaryDirectory(prefix="specduet-tls-") as folder:
        file, key, trusted = (Path(folder, name) for name in ("mock.pem", "mock.key", "authority.pem"))
        issued.private_key_pem.write_to_path(key)
        for index, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(file, append=index > 0)
        authority.cert_pem.write_to_path(trusted)
        yield TlsCertificate(file, key, trusted)
