"""Requests in plain text, before they are encoded and sent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.bodies import FormBody, PlannedBody

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class PlannedRequest:
    """A request in plain text, neither encoded nor bound to a target."""

    path: Mapping[str, str]
    """Path parameters by name."""
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    json: Any = UNSET
    """JSON body; ``UNSET`` for none."""
    body: bytes | None = None
    """Raw body, instead of ``json``."""
    form: FormBody | None = None
    """Form, instead of ``json``."""

    @property
    def send_arguments(self) -> dict[str, Any]:
        """The request as keyword arguments of ``Sender.send``."""
        headers, body = self.headers, self.body
        if self.form is not None:
            headers, body = (*headers, ("Content-Type", self.form.content_type)), self.form.encode()
        return {"path": self.path, "query": self.query, "headers": headers, "json": self.json, "body": body}

    def with_query(self, **values: str | None) -> "PlannedRequest":
        """Return the request with these query parameters instead of any of their names; None leaves one out."""
        kept = tuple(pair for pair in self.query if pair[0] not in values)
        return replace(self, query=(*kept, *((k, v) for k, v in values.items() if v is not None)))

    def with_query_pairs(self, pairs: Sequence[tuple[str, str]]) -> "PlannedRequest":
        """Return the request with more pairs at the end of its query."""
        return replace(self, query=(*self.query, *pairs))

    def with_path(self, **values: str) -> "PlannedRequest":
        """Return the request with other path parameters."""
        return replace(self, path={**self.path, **values})

    def with_header(self, name: str, value: str | None) -> "PlannedRequest":
        """Return the request with another header; None leaves it out. Nothing changes for a name that no header has."""
        if not is_header_name(name):
            return self
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def with_json(self, value: Any) -> "PlannedRequest":
        """Return the request with another JSON body."""
        return replace(self, json=value, body=None, form=None)

    def with_body(self, planned: PlannedBody) -> "PlannedRequest":
        """Return the request with another body; a media type that is not plain JSON gets its header."""
        has_label = planned.form is not None or planned.media_type == "application/json"
        request = self if has_label else self.with_header("Content-Type", planned.media_type)
        return replace(request, json=planned.json, body=planned.data, form=planned.form)

    def without_body(self) -> "PlannedRequest":
        """Return the request without a body."""
        return replace(self, json=UNSET, body=None, form=None)


def is_header_name(name: str) -> bool:
    """Return whether a text can be the name of a header (RFC 9110, 5.6.2)."""
    return bool(_HEADER_NAME.fullmatch(name))
