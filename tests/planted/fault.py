"""What a planted fault is, and how services are changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.planted.changes import (
    Answer,
    Ask,
    Asked,
    Change,
    accept_on_refusal,
    change_request,
)

Kind = Literal["stated", "conventional"]


@dataclass(frozen=True)
class Fault:
    """One fault in one operation of one service."""

    service: str
    operation: str
    sentence: str
    change: Callable[[], Change]
    """Makes the change, which may have a memory, anew for each run."""
    codes: tuple[str, ...]
    """Codes, or beginnings of codes, of the clauses that tell it."""
    kind: Kind

    @property
    def name(self) -> str:
        """The fault in one line."""
        return f"{self.service}: {self.operation}: {self.sentence}"


def group_faults(
    service: str, kind: Kind, *entries: tuple[str, str, Change | Callable[[], Change], str]
) -> Iterator[Fault]:
    for operation, sentence, change, codes in entries:
        make = change if getattr(change, "makes_change", False) else (lambda change=change: change)
        yield Fault(service, operation, sentence, make, tuple(codes.split()), kind)


def remembering(make: Callable[[], Change]) -> Callable[[], Change]:
    """Mark a change that has a memory: it is made anew for each run."""
    make.makes_change = True  # type: ignore[attr-defined]
    return make


def set_values(**values: Any) -> Callable[[Any], None]:
    """Return a change of an object: these properties get these values."""
    return lambda row: row.update(values) if isinstance(row, dict) else None


def drop_values(*names: str) -> Callable[[Any], None]:
    """Return a change of an object: it loses these properties."""

    def change(row: Any) -> None:
        for name in names:
            row.pop(name, None)

    return change


def swap_query(name: str, change: Callable[[str], str]) -> Change:
    """Return a change of the text of a query parameter."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        return await ask(replace(asked, query=tuple((n, change(v) if n == name else v) for n, v in asked.query)))

    return changed


def clamp_query(name: str, text: str) -> Change:
    """Return a change after which any value of a query parameter is accepted, as if it were this one."""
    return accept_on_refusal(
        lambda asked: replace(asked, query=tuple((n, text if n == name else v) for n, v in asked.query))
    )


def fill_body(**values: Any) -> Change:
    """Return a change after which any values of these properties are accepted, as if they were these."""

    def change(asked: Asked) -> Asked | None:
        return asked.with_json({**asked.json, **values}) if isinstance(asked.json, dict) else None

    return accept_on_refusal(change)


def fail_where(is_meant: Callable[[Asked], bool], status: int = 500, text: str = "Internal Server Error") -> Change:
    """Return a change after which these requests fail."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        if is_meant(asked):
            return Answer(status, {"content-type": "text/plain"}, text.encode())
        return await ask(asked)

    return changed


def refuse_where(is_meant: Callable[[Asked], bool], loc: list[str]) -> Change:
    """Return a change after which these requests are refused as FastAPI does, for the part at ``loc``."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        if is_meant(asked):
            return Answer(422).with_json({"detail": [{"loc": loc, "msg": "Bad", "type": "bad"}]})
        return await ask(asked)

    return changed


def show_first() -> Change:
    """Return a change after which every detail shows the row that was shown first."""
    kept: list[Answer] = []

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status == 200 and not kept:
            kept.append(answer)
        return kept[0] if answer.status == 200 else answer

    return changed


def keep_deleted(fetch_status: int = 200) -> Change:
    """Return a change of ``* /things/{id}`` after which a deleted row can still be fetched."""
    last: dict[str, Answer] = {}

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if asked.method == "GET" and answer.status == 200:
            last[asked.path] = answer
        if asked.method == "GET" and answer.status == 404 and asked.path in last:
            return replace(last[asked.path], status=fetch_status)
        return answer

    return changed


def change_nth(every: int, change: Callable[[Any], Any]) -> Change:
    """Return a change of the JSON body of each n-th good response."""
    count = [0]

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status < 300 and answer.json is not None:
            count[0] += 1
            if count[0] % every == 0:
                body = answer.json
                change(body)
                return answer.with_json(body)
        return answer

    return changed


def forget_parent() -> Change:
    """Return a change of ``* /things/{id}/parts/{id}`` after which a part is shown below every thing."""
    last: dict[str, str] = {}

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        part = asked.path.rpartition("/")[2]
        if answer.status == 200:
            last[part] = asked.path
        is_elsewhere = asked.method == "GET" and answer.status == 404 and part in last
        return await ask(replace(asked, path=last[part])) if is_elsewhere else answer

    return changed


def keep_first_tag() -> Change:
    """Return a change of ``* /things/{id}`` after which a row keeps its first version, which also conditions name."""
    first: dict[str, str] = {}
    latest: dict[str, str] = {}

    async def changed(asked: Asked, ask: Ask) -> Answer:
        path = asked.path
        renamed = {n: latest[path] if first.get(path) == text else text for n, text in asked.headers.items()}
        answer = await ask(replace(asked, headers=renamed))
        tag = answer.headers.get("etag")
        if tag is None:
            return answer
        latest[path] = tag
        return answer.with_header("etag", first.setdefault(path, tag))

    return changed


def reset_others(**values: Any) -> Change:
    """Return a change of PATCH after which it also sets these properties, if the request does not."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        body = asked.json
        return await ask(asked.with_json({**values, **body}) if isinstance(body, dict) and body else asked)

    return changed


def merge_put(*names: str) -> Change:
    """Return a change of PUT after which properties that are not sent keep their values."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        body, before = asked.json, (await ask(replace(asked, method="GET", body=b""))).json
        if isinstance(body, dict) and isinstance(before, dict):
            kept = {name: before[name] for name in names if name not in body and name in before}
            return await ask(asked.with_json({**body, **kept}))
        return await ask(asked)

    return changed


def reverse_rows(name: str) -> Callable[[Any], None]:
    """Return a change of the order of the rows in a body."""

    def change(body: Any) -> None:
        body[name] = body[name][::-1]

    return change


def accept_always(status: int, body: Any) -> Change:
    """Return a change after which what is refused as invalid gets a good response instead."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        return Answer(status).with_json(body) if answer.status in {400, 422} else answer

    return changed


def has_value(name: str, value: Any) -> Callable[[Asked], bool]:
    """Return a test whether a request has this value in its body."""

    def is_meant(asked: Asked) -> bool:
        body = asked.json
        return isinstance(body, dict) and name in body and body[name] == value

    return is_meant


def set_inner(name: str, **values: Any) -> Callable[[Any], None]:
    """Return a change of an object in a row."""
    return lambda row: row[name].update(values)


def open_door(name: str, value: str) -> Change:
    """Return a change after which a request without credentials, or with wrong ones, counts as one with right ones."""
    return change_request(lambda asked: replace(asked, headers={**asked.headers, name: value}))


def show_below_others() -> Change:
    """Return a change after which the rows below one parent are those below the parent that was asked for first."""
    first: list[str] = []

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status == 200 and not first:
            first.append(asked.path)
        return await ask(replace(asked, path=first[0])) if answer.status == 200 else answer

    return changed


def raise_total(name: str) -> Callable[[Any], None]:
    """Return a change after which a number in the body is one too large."""

    def change(body: Any) -> None:
        body[name] += 1

    return change


def drop_last(rows: str) -> Callable[[Any], None]:
    """Return a change after which each page lacks its last row, if it has several."""

    def change(body: Any) -> None:
        if len(body[rows]) > 1:
            body[rows].pop()

    return change
