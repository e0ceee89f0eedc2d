"""Rows of a run are told by statements, too, wherever they are created: they are changed, deleted, and cleaned up."""

import json
from collections.abc import Callable
from itertools import count

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult
from tests.contracts.test_small_documents import is_object, respond

Judge = Callable[..., RunResult]

KEY = "[{name: job, in: path, required: true, schema: {type: string}}]"
JOB = "{$ref: '#/components/schemas/Job'}"
ONE = f"{{description: ok, content: {{application/json: {{schema: {JOB}}}}}}}"
BASIS = "basis: documented, because: page 1"
PATHS = (
    "  /queue/begin:\n"
    "    post: {operationId: begin, requestBody: {content: {application/json: {schema: {type: object}}}},\n"
    f"      responses: {{'202': {ONE}}},\n"
    f"      x-specduet: {{creates: {{resource: job, fetched-by: show, {BASIS}}}}}}}\n"
    f"  /jobs/{{job}}:\n    parameters: {KEY}\n"
    f"    get: {{operationId: show, responses: {{'200': {ONE}, '404': {{description: none}}}},\n"
    f"      x-specduet: {{fetches: {{resource: job, parameter: job, field: ticket, {BASIS}}}}}}}\n"
    "    delete: {operationId: drop, responses: {'204': {description: gone}, '404': {description: none}},\n"
    f"      x-specduet: {{deletes: {{resource: job, parameter: job, field: ticket, {BASIS}}}}}}}\n"
)
REST = (
    "components: {schemas: {Job: {type: object, required: [ticket], properties: {ticket: {type: string}},\n"
    f"  x-specduet: {{resource: job, id: {{field: ticket, {BASIS}}}}}}}}}}}"
)


class Jobs:
    """A service whose jobs are begun at one path, and deleted at another one."""

    def __init__(self, *, deletes: bool = True) -> None:
        self.tickets = {"somebody-elses"}
        self.deleted: list[str] = []
        self._deletes = deletes
        self._numbers = count(1)

    def __call__(self, request: SentRequest) -> ReceivedResponse:
        if request.method == "POST":
            return self._begin() if is_object(request) else respond(400, "{}")
        ticket = request.path.removeprefix("/jobs/")
        if ticket not in self.tickets:
            return respond(404, "{}")
        if request.method == "DELETE":
            if not self._deletes:
                return respond(403, "{}")
            self.tickets.discard(ticket)
            self.deleted.append(ticket)
            return respond(204)
        return respond(200, json.dumps({"ticket": ticket}))

    def _begin(self) -> ReceivedResponse:
        ticket = f"job-{next(self._numbers):05}"
        self.tickets.add(ticket)
        return respond(202, json.dumps({"ticket": ticket}))


def test_what_a_statement_creates_is_deleted_wherever_it_is(judge: Judge) -> None:
    """Jobs that were begun elsewhere are deleted by the operation that the statement names, and no other job is."""
    service = Jobs()
    result = judge(PATHS, service, rest=REST)
    assert service.tickets == {"somebody-elses"}
    assert service.deleted
    assert not [note for note in result.notes if "stay" in note]


def test_what_stays_is_named(judge: Judge) -> None:
    """Jobs that cannot be deleted are named in one note, by the path at which they were created."""
    result = judge(PATHS, Jobs(deletes=False), rest=REST)
    notes = [note for note in result.notes if "stay" in note]
    assert len(notes) == 1
    assert "of /queue/begin (job-00001" in notes[0]
