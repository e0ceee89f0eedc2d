"""A recording that is written by hand, and the findings of one clause on it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from specduet.contracts.clauses import Subject, all_clauses
from specduet.contracts.findings import Finding
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Exchange, ReceivedResponse, Recording, SentRequest
from specduet.specs import Api, Operation, load


def load_paths(folder: Path, paths: Mapping[str, Any], **more: Any) -> Api:
    """Return the API of a document with these paths, and more parts, which is written into a folder."""
    document = {"openapi": "3.1.0", "info": {"title": "paths", "version": "1"}, "paths": paths, **more}
    file = folder / "paths.json"
    file.write_text(json.dumps(document), "utf-8")
    return load(file)


class RecordingBuilder:
    """A recording of one API to which exchanges are added that nobody sent."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.recording = Recording()
        self.sent_at = 1_800_000_000.0
        """The time at which the next exchange is sent, in seconds since 1970."""

    def add(
        self,
        label: str,
        *,
        status: int = 200,
        json_: Any = None,
        body: bytes | None = None,
        headers: Sequence[tuple[str, str]] = (("content-type", "application/json"),),
        path: str | None = None,
        query: str = "",
        failure: str = "",
        elapsed_s: float = 0.01,
        sent_headers: Sequence[tuple[str, str]] = (),
        sent_body: bytes | None = None,
    ) -> Exchange:
        """Add an exchange of the operation with this label. ``json_`` is the response, unless ``body`` is given."""
        operation = self._find_operation(label)
        sent_path = path or operation.path.replace("{", "").replace("}", "")
        url = f"http://127.0.0.1:1{sent_path}{'?' if query else ''}{query}"
        request = SentRequest(operation.method, url, sent_path, query, tuple(sent_headers), sent_body)
        content = json.dumps(json_).encode() if body is None else body
        response = None if failure else ReceivedResponse(status, tuple(headers), content, elapsed_s)
        number = len(self.recording.exchanges) + 1
        exchange = Exchange(
            number, self.api.name, operation.id, request, response, failure, "probe", "given", self.sent_at
        )
        self.recording.exchanges.append(exchange)
        return exchange

    def check_clause(self, code: str, label: str, options: RunOptions | None = None) -> list[Finding]:
        """Return what the clause with this code finds on one operation."""
        clause = next(clause for clause in all_clauses() if clause.code == code)
        subject = Subject(self.api, self._find_operation(label), self.recording, options or RunOptions(), clause)
        return list(clause.check(subject))

    def _find_operation(self, label: str) -> Operation:
        return next(operation for operation in self.api.operations if operation.label == label)
