"""The parts of a request, each with its verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from specduet.contracts.oracle.json_values import Loc
from specduet.contracts.oracle.scalars import ScalarVerdict, Verdict, pick_strictest
from specduet.specs import Operation, Parameter

PartLocation = Literal["path", "query", "header", "cookie", "body"]


@dataclass(frozen=True)
class RequestPart:
    """A parameter, an invalid location of the body, or the body as a whole.

    Example: the query ``limit=abc`` gives ``RequestPart("query", "limit", "invalid", ("query", "limit"), "is no
    integer", "/paths/~1runs/get/parameters/0")``. A valid body is a single part.
    """

    location: PartLocation
    name: str
    """The name of the parameter; for the body the path to the value (``agents/0/goal``), empty for the whole body."""
    verdict: Verdict
    loc: Loc
    """The ``loc`` that FastAPI gives in its error responses: ``("body", "agents", 0, "goal")``."""
    reason: str = ""
    """A predicate for messages (``is below the minimum 0``); empty for a valid part."""
    pointer: str = ""
    """JSON pointer to the schema. For a body that cannot be read at all (missing, not JSON, another content type) it
    leads to the request body."""
    any_4xx_allowed: bool = False
    """True where something in front of the validation (a proxy, a router) may reject the request by its own rules."""

    @property
    def display_name(self) -> str:
        """The part as messages name it: ``query/limit``, ``body/agents/0/goal``."""
        return "/".join(map(str, self.loc))


def find_header_parameter(operation: Operation, name: str) -> Parameter | None:
    """Return a documented header of requests, however it is spelled."""
    headers = (p for p in operation.parameters if p.location == "header")
    return next((p for p in headers if p.name.lower() == name.lower()), None)


def combine_verdicts(parts: Iterable[RequestPart]) -> Verdict:
    """Return the verdict on a request: invalid if any part is invalid, else lenient if any part is lenient."""
    return pick_strictest(ScalarVerdict(part.verdict) for part in parts).verdict
