"""The APIs of a run: named ones, the one whose document the service offers, else all bundled ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import msgspec

from specduet.contracts.sending.target import Target
from specduet.contracts.session.remote_documents import (
    SEARCH_S,
    RemoteDocument,
    fetch_document,
    find_document,
    is_url,
    origin_of,
)
from specduet.contracts.session.settings import RunSettings
from specduet.specs import Api, Operation, UsageError, bundled, load_all
from specduet.specs.server_variables import parse_server_variables


@dataclass(frozen=True)
class TestedApis:
    """The APIs of a run, before it is known which of them the target serves."""

    __test__ = False  # pytest collects what is called so

    apis: tuple[Api, ...]
    is_named: bool
    """The operator or the service names them, so that each has to be there."""
    documents: tuple[RemoteDocument, ...] = ()
    """The documents that were fetched; none where files were given."""

    def describe_documents(self) -> Iterator[str]:
        """Yield where each document was found, and which lines findings mean; nothing where files were given."""
        for document in self.documents:
            yield document.url
            if document.is_indented:
                yield f"lines are those of its indented copy {document.path}"


def load_tested_apis(settings: RunSettings, target: Target | None) -> TestedApis:
    """Load the APIs of a run. ``target`` is None where nothing may be sent yet, or where a mock is going to be started.

    Raises ``SpecError`` for a document that cannot be fetched or read.
    """
    if settings.apis:
        documents = [fetch_document(name, target) if is_url(name) else None for name in dict.fromkeys(settings.apis)]
        names = [str(d.path) if d else name for d, name in zip(documents, dict.fromkeys(settings.apis), strict=True)]
        apis = _load(settings, names)
        if not (settings.url or settings.mock):
            _require_own_host(apis, choose_url(settings))
        return TestedApis(apis, is_named=True, documents=tuple(document for document in documents if document))
    offered = find_document(target, settings.max_time or SEARCH_S) if target is not None else None
    if offered is not None:
        apis = _load(settings, [str(offered.path)])
        if not _is_bundled(apis[0]):
            return TestedApis(apis, is_named=True, documents=(offered,))
    return TestedApis(_load(settings, bundled()), is_named=settings.mock)


def choose_url(settings: RunSettings) -> str:
    """Return the address of the service: the one that was given, else the host of the document's URL."""
    return settings.url or next((origin_of(name) for name in settings.apis if is_url(name)), "")


def drop_security(api: Api) -> Api:
    """Return an API whose operations need no credential, whatever the document says."""
    return replace(api, operations=tuple(replace(operation, security=()) for operation in api.operations))


def drop_added_parameters(api: Api) -> Api:
    """Return an API without the parameters that its document does not have: a service may know nothing of them."""
    return replace(api, operations=tuple(map(_without_added, api.operations)))


def _without_added(operation: Operation) -> Operation:
    added = {parameter.name for parameter in operation.parameters if parameter.added is not None}
    if not added:
        return operation
    filters = {name: rule for name, rule in operation.behavior.filters.items() if name not in added}
    parameters = tuple(parameter for parameter in operation.parameters if parameter.added is None)
    return replace(
        operation, parameters=parameters, behavior=msgspec.structs.replace(operation.behavior, filters=filters)
    )


def _load(settings: RunSettings, names: Sequence[str]) -> tuple[Api, ...]:
    loaded = load_all(
        names,
        strict=settings.strict_document,
        allow_remote=settings.allow_remote,
        overlays=settings.overlay,
        name=settings.name,
        stateless=settings.stateless,
        server_variables=parse_server_variables(settings.server_variable),
    )
    return tuple(map(drop_added_parameters, loaded))


def _is_bundled(api: Api) -> bool:
    """Return whether a document is one of the bundled ones, for which there is more to test than it says."""
    return api.title in {known.title for known in load_all(bundled())}


def _require_own_host(apis: Sequence[Api], url: str) -> None:
    """Raise ``UsageError`` where a document that was given by its URL is about a service on another host."""
    for api in apis:
        servers = [server for server in api.servers if is_url(server)]
        hosts = {urlsplit(server).netloc for server in servers}
        if servers and urlsplit(url).netloc not in hosts:
            raise UsageError(
                f"what is to be tested? The document is at {url}, and says that its service is at {servers[0]}",
                remedy=f"Give --url {origin_of(servers[0])}, or --url {url}.",
            )
