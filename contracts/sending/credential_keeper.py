"""A credential that is fetched: by a command, a login or a token request, and once more where it is rejected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from specduet.contracts.recording import Headers
from specduet.contracts.sending.redaction import Secrets, is_secret_header
from specduet.specs import SpecduetError


@dataclass(frozen=True)
class FetchedCredential:
    """What a source gave: headers of every request, or values by the name of the scheme."""

    headers: Headers = ()
    credentials: Mapping[str, str] = field(default_factory=dict)


class CredentialSource(Protocol):
    """Where a credential comes from."""

    def fetch(self) -> FetchedCredential:
        """Return a new credential. Raises ``SpecduetError`` with a sentence that shows no secret."""
        ...


class CredentialKeeper:
    """Hold the current credential of a source; all APIs of a run share one."""

    def __init__(self, source: CredentialSource, secrets: tuple[str, ...] = ()) -> None:
        """``secrets`` are what the source itself was given: passwords and keys."""
        self._source = source
        self._secret_values = list(secrets)
        self._masks: list[Secrets] = []
        self._lock = Lock()
        self._is_proven = False
        self.current = FetchedCredential()
        self.version = 0
        """Counts the credentials that were fetched."""
        self.failure = ""
        """Why no new one could be fetched; empty while that works."""

    def start(self) -> None:
        """Fetch the first credential. Raises ``SpecduetError``."""
        self._take(self._source.fetch())

    def mask_in(self, secrets: Secrets) -> None:
        """Mask every credential of the source in these secrets, those of later too."""
        self._masks.append(secrets)
        for value in self._secret_values:
            secrets.add(value)

    def confirm(self) -> None:
        """Remember that the current credential was accepted."""
        self._is_proven = True

    def renew(self, rejected_version: int) -> bool:
        """Fetch a new credential after a 401, unless there is one; return whether it is another than the rejected one.

        One that was never accepted is not renewed: the next would not be accepted either.
        """
        with self._lock:
            if self.version > rejected_version:
                return True
            if not self._is_proven or self.failure:
                return False
            try:
                self._take(self._source.fetch())
            except SpecduetError as error:
                self.failure = f"The credential was rejected, and no new one could be fetched: {error.message}."
                return False
            return True

    def _take(self, fetched: FetchedCredential) -> None:
        values = [value for name, value in fetched.headers if is_secret_header(name)]
        for value in (*values, *fetched.credentials.values()):
            self._secret_values.append(value)
            for secrets in self._masks:
                secrets.add(value)
        self.current, self.version, self._is_proven = fetched, self.version + 1, False
