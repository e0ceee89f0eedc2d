"""Generated requests: the same ones for a seed, only such as may be sent, and aimed at what exists."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from specduet.contracts.generation.batches import BATCH_SIZE, GenerationTooSlow, generate_batches
from specduet.contracts.generation.generation_process import GenerationBroken, GenerationProcess
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.generation.retargeting import GeneratedSender, RequestRetargeter
from specduet.contracts.generation.schemathesis_cases import (
    GeneratedRequest,
    RequestGenerator,
    _breaks_correct_servers,
    _to_generated_request,
)
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Recording
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.target import Target
from specduet.specs import Api, load
from tests.contracts.recording_builder import RecordingBuilder

POST = "run_preset_crew_api_crews_run_post"
LIST = "list_runs_api_crew_runs_get"
DETAIL = "get_run_api_crew_runs__run_id__get"


@pytest.fixture(scope="module")
def made(nx1: Api) -> dict[str, list[GeneratedRequest]]:
    """What is generated for three operations in one round of the quick profile."""
    generator = RequestGenerator(nx1, RunOptions())
    return {name: list(generator.generate_requests(nx1.operation(name))) for name in (POST, LIST, DETAIL)}


def test_invalid_requests_are_made_where_little_can_be_wrong(tmp_path: Path) -> None:
    """A parameter that is one of some words or null, as FastAPI writes it, has invalid values in generated requests."""
    shape = {"anyOf": [{"type": "string", "enum": ["round", "flat"]}, {"type": "null"}]}
    parameters = [
        {"name": "shape", "in": "query", "schema": shape},
        {"name": "x-shop", "in": "header", "schema": {"type": "string", "default": ""}},
    ]
    operation = {"parameters": parameters, "responses": {"200": {"description": "OK"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": {"get": operation}},
    }
    (tmp_path / "things.json").write_text(json.dumps(document))
    api = load(tmp_path / "things.json")
    requests = RequestGenerator(api, RunOptions()).generate_requests(api.operations[0])
    valid_queries = {"", "shape=round", "shape=flat", "shape=null"}
    assert [r for r in requests if r.origin == "fuzzing" and r.query not in valid_queries]


def test_examples_systematic_and_made_up_requests_are_generated(made: dict[str, list[GeneratedRequest]]) -> None:
    """All three sources contribute, for a body and for parameters."""
    assert {request.origin for request in made[POST]} == {"examples", "coverage", "fuzzing"}
    assert {request.origin for request in made[LIST]} == {"coverage", "fuzzing"}
    assert len(made[POST]) > 50
    assert len(made[DETAIL]) > 20


def test_the_same_seed_makes_the_same_requests(nx1: Api, made: dict[str, list[GeneratedRequest]]) -> None:
    """A quick run repeats itself, whatever was generated before it; another seed makes others."""
    again = list(RequestGenerator(nx1, RunOptions()).generate_requests(nx1.operation(POST)))
    other = list(RequestGenerator(nx1, RunOptions(seed=2)).generate_requests(nx1.operation(POST)))
    assert again == made[POST]
    assert other != made[POST]


def test_a_later_round_makes_new_requests_only(nx1: Api, made: dict[str, list[GeneratedRequest]]) -> None:
    """The thorough profile goes on where the first round ended."""
    later = list(RequestGenerator(nx1, RunOptions()).generate_requests(nx1.operation(LIST), round_number=1))
    assert {request.origin for request in later} == {"fuzzing"}
    assert later != [request for request in made[LIST] if request.origin == "fuzzing"]


def test_nothing_is_sent_that_breaks_correct_services(made: dict[str, list[GeneratedRequest]]) -> None:
    """Neither NaN nor lone surrogates in a body, no line break in a header, no credential of the generator's."""
    for request in (request for requests in made.values() for request in requests):
        assert not _breaks_correct_servers(request.body or b"{}", request.headers)
        assert not any(c in value for _, value in request.headers for c in "\r\n\0")
        assert not {"authorization", "authorization-psk"} & {name.lower() for name, _ in request.headers}


@pytest.mark.parametrize("body", [b"NaN", b'{"a": [Infinity]}', b'"\\ud800"', b'{"\\udfff": 1}', b"[1e999]"])
def test_a_body_that_breaks_correct_services_is_known(body: bytes) -> None:
    """FastAPI reads each of these, and fails when it quotes it."""
    assert _breaks_correct_servers(body, [("content-type", "application/json")])


def test_bytes_that_are_not_called_json_must_be_text() -> None:
    """FastAPI refuses JSON that is not UTF-8, and fails when it quotes such bytes under another label."""
    assert _breaks_correct_servers(b"\xff", [("Content-Type", "text/plain")])
    assert not _breaks_correct_servers(b"x", [("Content-Type", "text/plain")])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN', b'"\\ud83d\\ude00"', b"1e308", b"[" * 5000])
def test_other_bodies_are_sent_however_wrong(body: bytes) -> None:
    """What does not parse is refused by a correct service, and so is what is too deep."""
    assert not _breaks_correct_servers(body, [("content-type", "application/json")])


def test_another_method_is_never_made(nx1: Api) -> None:
    """A case for a method that the document does not declare is dropped."""
    generator = RequestGenerator(nx1, RunOptions())
    operation = generator._schema["/api/crew-runs"]["GET"]
    assert _to_generated_request("coverage", operation.Case(method="TRACE")) is None
    assert _to_generated_request("coverage", operation.Case()) == GeneratedRequest(
        "coverage", {}, "/api/crew-runs", "", (), None
    )


def aim(api: Api, name: str, known_values: KnownValues) -> RequestRetargeter:
    return RequestRetargeter(api, api.operation(name), known_values, 1)


def test_requests_for_anything_ask_for_what_exists(nx1: Api) -> None:
    """Most valid ids are replaced by known ones, the same way every time; invalid ones stay."""
    known_values = KnownValues(nx1, {})
    known = "0d6d1a3c-0000-4000-8000-000000000000"
    known_values.observe_exchange(RecordingBuilder(nx1).add("GET /api/crew-runs", json_=[{"id": known}]))
    anything = "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10"
    valid = GeneratedRequest("fuzzing", {"run_id": anything}, f"/api/crew-runs/{anything}", "", (), None)
    paths = [aim(nx1, DETAIL, known_values).retarget_request(valid)[0] for _ in range(3)]
    assert len(set(paths)) == 1
    retargeter = aim(nx1, DETAIL, known_values)
    counts = [retargeter.retarget_request(valid)[0].endswith(known) for _ in range(100)]
    assert 50 < sum(counts) < 90
    wrong = GeneratedRequest("fuzzing", {"run_id": "no uuid"}, "/api/crew-runs/no%20uuid", "", (), None)
    assert {retargeter.retarget_request(wrong)[0] for _ in range(20)} == {"/api/crew-runs/no%20uuid"}


def test_filters_take_values_that_rows_have_shown(cloudcruise: Api) -> None:
    """A moment of the systematic cases is always replaced where only recent ones are allowed."""
    known_values = KnownValues(cloudcruise, {})
    rows = [{"session_id": "x", "created_at": "2026-02-14T10:00:00+00:00", "status": "execution.start"}]
    known_values.observe_exchange(RecordingBuilder(cloudcruise).add("GET /runs", json_=rows))
    retargeter = aim(cloudcruise, "list_runs", known_values)
    made = GeneratedRequest("coverage", {}, "/runs", "start_time=2000-01-01T00%3A00%3A00Z&limit=3&cursor=x", (), None)
    queries = {unquote(retargeter.retarget_request(made)[1]) for _ in range(20)}
    assert queries == {"start_time=2026-02-14T10:00:00+00:00&limit=3&cursor=x"}
    other = GeneratedRequest("fuzzing", {}, "/runs", "status=execution.paused&status=nothing", (), None)
    assert {unquote(retargeter.retarget_request(other)[1]) for _ in range(20)} == {
        "status=execution.paused&status=nothing",
        "status=execution.start&status=nothing",
    }


def test_exploring_sends_each_request_once(nx1: Api, serve: Callable[[Any], str]) -> None:
    """What was generated twice is sent once, and every exchange names its origin."""

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b"[]"})

    sender = Sender(Target.parse(serve(application)), nx1, Recording())
    requests = list(RequestGenerator(nx1, RunOptions()).generate_requests(nx1.operation(LIST)))
    GeneratedSender(sender, nx1.operation(LIST), KnownValues(nx1, {}), 1).send_requests(requests + requests)
    exchanges = sender.recording.exchanges
    sent = [(e.request.method, e.request.url, e.request.headers, e.request.body) for e in exchanges]
    assert len(sent) == len(set(sent)) > 20
    assert {e.origin for e in exchanges} == {"coverage", "fuzzing"}
    assert {e.request.method for e in exchanges} == {"GET"}


def test_every_operation_gets_a_batch_before_any_gets_a_second(nx1: Api) -> None:
    """An operation with many parameters does not keep the others waiting."""
    operations = [nx1.operation(name) for name in (POST, LIST, DETAIL)]
    batches = list(generate_batches([(nx1, operations)], RunOptions()))
    assert [batch.operation for batch in batches[:6]] == [POST, LIST, DETAIL] * 2
    assert max(len(batch.requests) for batch in batches) == BATCH_SIZE


def test_the_process_generates_what_the_generator_does(nx1: Api, made: dict[str, list[GeneratedRequest]]) -> None:
    """The same requests come, in batches, from a process that is gone afterwards."""
    operations = [nx1.operation(name) for name in (POST, LIST)]
    requests: dict[str, list[GeneratedRequest]] = {POST: [], LIST: []}
    with GenerationProcess([(nx1, operations)], RunOptions()) as generation:
        for batch in generation.iterate_batches(60.0):
            assert batch is not None
            requests[batch.operation] += batch.requests
    assert _systematic(requests) == _systematic({name: made[name] for name in (POST, LIST)})


def _systematic(requests: dict[str, list[GeneratedRequest]]) -> set[tuple[Any, ...]]:
    """The requests that do not depend on the modules of a process, which Hypothesis takes constants from."""
    systematic = (r for each in requests.values() for r in each if r.origin != "fuzzing")
    return {(r.origin, r.url, r.query, r.headers, r.body) for r in systematic}


def test_a_process_that_breaks_off_is_an_error(nx1: Api) -> None:
    """Work that the process cannot read ends it, and the run is told."""
    with (
        pytest.raises(GenerationBroken),
        GenerationProcess([(nx1, [nx1.operations[0]])], "no options") as generation,  # type: ignore[arg-type]
    ):
        list(generation.iterate_batches(60.0))


def test_an_operation_that_takes_too_long_keeps_no_other_waiting(nx1: Api) -> None:
    """What was generated in time is sent, the rest is noted, and the next operation has its turn."""
    limits = iter([GenerationTooSlow()])

    @contextmanager
    def limit_time() -> Iterator[None]:
        for error in limits:
            raise error
        yield

    operations = [nx1.operation(name) for name in (LIST, DETAIL)]
    batches = list(generate_batches([(nx1, operations)], RunOptions(), limit_time))
    assert [batch.operation for batch in batches if batch.requests][:2] == [DETAIL, DETAIL]
    assert [note for batch in batches for note in batch.notes] == [
        f"{operations[0].label}: not all requests could be generated, which took too long"
    ]


def test_what_cannot_be_generated_is_noted_and_ends_nothing(tmp_path: Path) -> None:
    """A schema that nothing satisfies is said; the other operations are generated all the same."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Odd", "version": "1"},
        "paths": {
            "/odd": {
                "get": {
                    "parameters": [
                        {
                            "name": "n",
                            "in": "query",
                            "required": True,
                            "schema": {"type": "string", "pattern": "(?!x)x"},
                        }
                    ],
                    "responses": {"200": {"description": "OK"}},
                }
            },
            "/even": {"get": {"responses": {"200": {"description": "OK"}}}},
        },
    }
    (tmp_path / "odd.json").write_text(json.dumps(document))
    api = load(tmp_path / "odd.json")
    generator = RequestGenerator(api, RunOptions())
    odd, even = (list(generator.generate_requests(operation)) for operation in api.operations)
    assert even
    assert isinstance(odd, list)
    assert all(note.startswith("GET /odd: no ") for note in generator.notes)
