"""The lines that ``specduet mock`` prints when it accepts requests: addresses, seed, and what cannot be served."""

from collections.abc import Iterator, Sequence

from specduet.mocks.settings import Settings
from specduet.mocks.tls import TlsCertificate
from specduet.specs import Api, Operation
from specduet.specs.printing import make_printable

_MAX_OPERATIONS = 50
_MAX_PROBLEMS = 20


def describe_mock(
    apis: Sequence[Api], settings: Settings, url: str, tls: TlsCertificate | None = None
) -> Iterator[str]:
    """Yield the lines for the APIs that are served at a URL: ``GET http://127.0.0.1:8000/v1/runs``."""
    yield f"specduet mock: {url}"
    for api in apis:
        yield f"  {make_printable(api.name)}"
        for operation in api.operations[:_MAX_OPERATIONS]:
            base_path = operation.base_path if settings.base_path is None else settings.base_path
            yield make_printable(f"    {operation.method} {url}{base_path}{operation.path}")
        if len(api.operations) > _MAX_OPERATIONS:
            yield f"    … and {len(api.operations) - _MAX_OPERATIONS} more: {url}/"
        yield from map(make_printable, _describe_faults(api))
    yield f"  seed {settings.seed}, epoch {settings.epoch.isoformat()}"
    if settings.control:
        yield f"  page and control API: {url}/__mock__/"
    if tls is not None and tls.authority is not None:
        yield f"  let clients trust {tls.authority}: by SSL_CERT_FILE, REQUESTS_CA_BUNDLE or NODE_EXTRA_CA_CERTS"


def _describe_faults(api: Api) -> Iterator[str]:
    """Yield what is wrong with the document, and which operations cannot be served as it stands."""
    for problem in api.problems[:_MAX_PROBLEMS]:
        yield f"    warning: {problem}"
    if len(api.problems) > _MAX_PROBLEMS:
        yield f"    … and {len(api.problems) - _MAX_PROBLEMS} more warnings: specduet check {api.path}"
    for operation in api.operations:
        reason = find_hindrance(operation)
        if reason is not None:
            yield f"    not served: {operation.label}: {reason}"


def find_hindrance(operation: Operation) -> str | None:
    """Return why an operation has no valid response, as far as that can be seen without trying; None if it may have."""
    successes = [response for status, response in operation.responses.items() if status.startswith("2")]
    if operation.responses and all(status.startswith("1") for status in operation.responses):
        return "it documents only responses that are none to a request"
    for response in successes:
        schemas = [content.schema for content in response.content.values()]
        if schemas and all(schema is False or schema == {"not": {}} for schema in schemas):  # type: ignore[comparison-overlap]
            return f"no value satisfies the schema of its response {response.status}"
    return None
