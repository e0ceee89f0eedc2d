"""Rows of one kind, and the five usual operations on them, each of which a service may have in its own way."""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from tests.catalogue.generic.small_api import Call, Refused, Schema, SmallApi

Row = dict[str, Any]


def ref(name: str) -> dict[str, str]:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(required: str = "", /, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object; ``required`` are names with blanks between."""
    made: dict[str, Any] = {"type": "object", "properties": properties}
    return made | ({"required": required.split()} if required else {})


def arr(items: Schema) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


STR: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 80}
INT: Schema = {"type": "integer"}
NUM: Schema = {"type": "number"}
BOOL: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}
SIZE: Schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
OFFSET: Schema = {"type": "integer", "minimum": 0, "default": 0}


class Crud:
    """A collection at ``path``; ``make`` turns a valid body into a row."""

    def __init__(
        self,
        api: SmallApi,
        path: str,
        name: str,
        row: Schema,
        new: Schema | None = None,
        *,
        key: str = "id",
        key_schema: Schema = INT,
        seeds: Sequence[Mapping[str, Any]] = (),
        make: Callable[["Crud", Row], Row] | None = None,
        show: Callable[[Row], Any] = lambda row: row,
        new_key: Callable[["Crud"], Any] | None = None,
    ) -> None:
        self.api, self.path, self.key, self.show = api, path, key, show
        self.item = f"{path}/{{{key}}}"
        self.rows: dict[Any, Row] = {}
        self.counter = count(1)
        self.new_key = new_key or (lambda crud: next(crud.counter))
        self.make = make or (lambda _crud, body: dict(body))
        self.key_schema = key_schema
        api.components.setdefault(name, row)
        if new is not None:
            api.components.setdefault(f"{name}Input", new)
        self.row, self.new = ref(name), ref(f"{name}Input")
        for seed in seeds:
            self.insert(dict(seed))

    def insert(self, body: Row) -> Row:
        """Make a row of a body and keep it."""
        made = self.make(self, body)
        key = made.get(self.key)
        if key is None:
            key = self.new_key(self)
        row = {self.key: key, **{name: value for name, value in made.items() if name != self.key}}
        self.rows[key] = row
        return row

    def find(self, call: Call) -> Row:
        """Return the row that a path names. Raises ``Refused`` with 404 where there is none."""
        row = self.rows.get(call.path[self.key])
        if row is None:
            raise Refused(404, "there is none")
        return row

    def add_list(self, schema: Schema | None = None, **more: Any) -> None:
        """Add the list, whole."""
        self.api.add(f"GET {self.path}", {200: schema or arr(self.row)}, **more)(
            lambda _call: [self.show(row) for row in self.rows.values()]
        )

    def add_create(self, status: int = 201, **more: Any) -> None:
        """Add the creation."""
        self.api.add(f"POST {self.path}", {status: self.row}, body=self.new, **more)(
            lambda call: (status, self.show(self.insert(call.body)))
        )

    def add_fetch(self, **more: Any) -> None:
        """Add the detail."""
        self.api.add(
            f"GET {self.item}", {200: self.row}, path={self.key: self.key_schema}, **{"refusals": [404], **more}
        )(lambda call: self.show(self.find(call)))

    def add_replace(self, **more: Any) -> None:
        """Add the replacement."""

        def replace(call: Call) -> Any:
            old = self.find(call)
            new = {self.key: old[self.key], **self.make(self, {**call.body, self.key: old[self.key]})}
            self.rows[old[self.key]] = new
            return self.show(new)

        options = {"refusals": [404], "body": self.new, **more}
        self.api.add(f"PUT {self.item}", {200: self.row}, path={self.key: self.key_schema}, **options)(replace)

    def add_patch(self, changes: Schema, **more: Any) -> None:
        """Add the change."""

        def change(call: Call) -> Any:
            row = self.find(call)
            row.update(self.make(self, {**row, **call.body}))
            return self.show(row)

        options = {"refusals": [404], "body": changes, **more}
        self.api.add(f"PATCH {self.item}", {200: self.row}, path={self.key: self.key_schema}, **options)(change)

    def add_delete(self, **more: Any) -> None:
        """Add the deletion."""

        def delete(call: Call) -> Any:
            del self.rows[self.find(call)[self.key]]
            return 204, None

        options = {"refusals": [404], **more}
        self.api.add(f"DELETE {self.item}", {204: None}, path={self.key: self.key_schema}, **options)(delete)

    def add_all(self, *left_out: str) -> None:
        """Add list, creation, detail, replacement and deletion, but for those that are named."""
        for name in ("list", "create", "fetch", "replace", "delete"):
            if name not in left_out:
                getattr(self, f"add_{name}")()


def make_uuid(crud: Crud) -> str:
    """Return the next UUID."""
    return f"00000000-0000-4000-8000-{next(crud.counter):012}"


def write_now() -> str:
    """Return the current time."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
