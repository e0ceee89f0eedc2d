"""Generated requests: Schemathesis makes them, and no failure raises.

Schemathesis is used as a generator only. Its own sending, checks and memory are switched off. Whether a request is
valid is judged later, on the request as it was sent (``contracts/oracle/requests.py``), never by its intention.
"""

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from specduet.contracts.coverage import can_be_invalid
from specduet.contracts.generation.minimal_values import redirect_hypothesis_cache
from specduet.contracts.generation.planned_request import is_header_name
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Origin
from specduet.specs import Api, Operation

if TYPE_CHECKING:
    import schemathesis

    SchemathesisOperation = schemathesis.APIOperation[Any, Any, Any, Any]
    SchemathesisCase = schemathesis.Case[Any]

_BASE = "http://generated"
_FUZZ_COUNT = {"smoke": 24, "deep": 100}
"""The number of valid, and of invalid, fuzzed requests of each operation in one round."""

_OWN_HEADERS = {"host", "user-agent", "accept-encoding", "connection", "content-length", "x-schemathesis-testcaseid"}
_UNSENDABLE = re.compile(r"[\r\n\0]")


@dataclass(frozen=True)
class GeneratedRequest:
    """A generated request of an operation, percent-encoded."""

    origin: Origin
    path: Mapping[str, str]
    """Path parameters as generated, in plain text."""
    url: str
    """Path below the base URL, percent-encoded."""
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


class RequestGenerator:
    """Generate requests for the operations of one API, the same for the same seed."""

    notes: list[str]
    """Sentences on requests that could not be generated, and why."""

    def __init__(self, api: Api, options: RunOptions) -> None:
        redirect_hypothesis_cache()
        import schemathesis  # a second of imports

        self.notes = []
        self._api = api
        self._options = options
        config = schemathesis.Config.from_dict(
            {
                "seed": options.seed,
                "base-url": _BASE,
                "generation": {"mode": "all", "database": "none", "allow-x00": True},
                "phases": {"coverage": {"unexpected-methods": []}},
                "cache": {"enabled": False},
            }
        )
        self._schema = schemathesis.openapi.from_dict(_strip_document(api), config=config)

    def generate_rounds(self, operation: Operation) -> Iterator[GeneratedRequest]:
        """Yield the requests of one operation, none twice; the profile ``deep`` goes on while a round has new ones."""
        seen: set[int] = set()
        for round_number in count():
            seen_before = len(seen)
            for request in self.generate_requests(operation, round_number):
                key = hash((request.url, request.query, request.headers, request.body))
                if key not in seen:
                    seen.add(key)
                    yield request
            if self._options.profile == "smoke" or len(seen) == seen_before:
                return

    def generate_requests(self, operation: Operation, round_number: int = 0) -> Iterator[GeneratedRequest]:
        """Yield the requests of one operation; a round after the first has only new fuzzed ones."""
        try:
            generated = self._schema[operation.path][operation.method]
        except Exception as error:  # noqa: BLE001 - Schemathesis does not read every operation that a document may have
            self.notes.append(f"{operation.label}: nothing could be generated ({type(error).__name__})")
            return
        sources: list[tuple[Origin, Callable[[], Iterator[Any]]]] = []
        if round_number == 0:
            sources += [
                ("examples", lambda: self._example_cases(generated)),
                ("coverage", lambda: _coverage_cases(generated)),
            ]
        sources.append(("fuzzing", lambda: self._fuzz_cases(generated, operation, round_number)))
        for origin, cases in sources:
            try:
                yield from _iterate_requests(origin, cases)
            except _GenerationFailed as error:
                self.notes.append(f"{operation.label}: not all {origin} could be generated ({error})")

    def _example_cases(self, generated: "SchemathesisOperation") -> Iterator[Any]:
        for strategy in generated.get_strategies_from_examples():
            yield from _draw_values(strategy, 1, self._options.seed)

    def _fuzz_cases(self, generated: "SchemathesisOperation", operation: Operation, round_number: int) -> Iterator[Any]:
        """Yield valid cases, and invalid ones if anything of the operation can be invalid."""
        from schemathesis import GenerationMode

        breakable = operation.body is not None or any(can_be_invalid(self._api, p) for p in operation.parameters)
        for mode in (GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if breakable else [])):
            number = _FUZZ_COUNT[self._options.profile]
            yield from _draw_values(generated.as_strategy(mode), number, self._options.seed + round_number)


class _GenerationFailed(Exception):
    """Error: the generator failed on a schema, which must not end the run."""


def _iterate_requests(origin: Origin, cases: Callable[[], Iterator[Any]]) -> Iterator[GeneratedRequest]:
    """Yield requests as they are asked for: systematic cases of a large schema take seconds. Raises at a failure."""
    iterator: Iterator[Any] | None = None
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                iterator = iterator or iter(cases())
                request = _to_generated_request(origin, next(iterator))
        except StopIteration:
            return
        except Exception as error:
            raise _GenerationFailed(type(error).__name__) from error
        if request is not None:
            yield request


def _strip_document(api: Api) -> dict[str, Any]:
    """Return the document without credentials, which our sender adds, and without our statements."""
    document = json.loads(json.dumps(api.document, default=str))
    document.pop("security", None)
    document.get("components", {}).pop("securitySchemes", None)
    for item in document.setdefault("paths", {}).values():
        for operation in item.values() if isinstance(item, dict) else ():
            if isinstance(operation, dict):
                operation.pop("security", None)
                operation["parameters"] = [p for p in operation.get("parameters", ()) if "x-specduet" not in p]
    return _strip_extensions(document)  # type: ignore[no-any-return]


def _strip_extensions(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _strip_extensions(value) for key, value in node.items() if key != "x-specduet"}
    return [_strip_extensions(value) for value in node] if isinstance(node, list) else node


def _coverage_cases(generated: "SchemathesisOperation") -> Iterator[Any]:
    """Yield Schemathesis's systematic cases. Its reference does not name this method: a test fails when it moves."""
    import schemathesis

    yield from generated.schema.iter_coverage_cases(
        generated,
        generation_modes=list(schemathesis.GenerationMode),
        generation_config=generated.schema.config.generation_for(operation=generated, phase="coverage"),
    )


def _draw_values(strategy: Any, count: int, seed: int) -> list[Any]:
    """Return at most ``count`` values of a strategy, the same for a seed. Nothing is written to disk."""
    import hypothesis

    drawn: list[Any] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def collect(value: Any) -> None:
        drawn.append(value)

    try:
        collect()
    except hypothesis.errors.Unsatisfiable:
        return drawn  # an operation that nothing can break has no invalid requests
    return drawn


def _to_generated_request(origin: Origin, case: "SchemathesisCase") -> GeneratedRequest | None:
    """Return a case as it would be sent, or None if it must not be."""
    import requests

    if case.method.upper() != case.operation.method.upper():
        return None
    keywords = case.as_transport_kwargs(base_url=_BASE)
    prepared = requests.Request(**keywords).prepare()
    headers = tuple(
        (name, _decode_latin1(value).strip())
        for name, value in prepared.headers.items()
        if is_header_name(name) and name.lower() not in _OWN_HEADERS and (name, value) != ("Accept", "*/*")
    )
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    if body is not None and not isinstance(body, bytes):
        return None  # a stream, which no document so far has led to
    if any(_UNSENDABLE.search(part) for pair in headers for part in pair) or (
        body and _breaks_correct_servers(body, headers)
    ):
        return None
    address, _, _ = str(prepared.url).removeprefix(_BASE).partition("#")
    path, _, query = address.partition("?")
    values = {name: str(value) for name, value in (case.path_parameters or {}).items()}
    return GeneratedRequest(origin, values, path or "/", query, headers, body or None)


def _decode_latin1(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _breaks_correct_servers(body: bytes, headers: Sequence[tuple[str, str]]) -> bool:
    """Return whether a body is JSON with NaN, an infinity or a lone surrogate, or neither UTF-8 nor labelled as JSON.

    Services that are considered correct (FastAPI) read it, and fail when they quote it in their error response.
    """
    try:
        value = json.loads(body)
    except UnicodeDecodeError:
        return not any(name.lower() == "content-type" and "json" in text.lower() for name, text in headers)
    except (ValueError, RecursionError):
        return False
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return True
    return False
