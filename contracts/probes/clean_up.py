"""Cleaning up at the end of a run: the rows that it has created are deleted, newest first, where the document can."""

from collections.abc import Iterator
from contextlib import suppress

from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.planning.harm import order_path_parameters
from specduet.contracts.planning.own_rows import OwnRow, choose_text
from specduet.contracts.planning.row_paths import fill_row_path, to_path_text
from specduet.contracts.sending.sender import NotSent, Sender
from specduet.specs import Operation
from specduet.specs.inference.paths import parse_path

_MAX_SHOWN_IDS = 3
_GONE = {404, 410}


class CleanUp:
    """Deletes what the run has created in one API, and tells what stays."""

    def __init__(self, sender: Sender, known_values: KnownValues) -> None:
        self._sender = sender
        self._known_values = known_values
        self._rows = known_values.own_rows
        deletions = [o for o in sender.api.operations if o.method == "DELETE" and parse_path(o.path).is_item]
        deletions = [o for o in deletions if sender.can_send(o)]
        self._by_collection = {parse_path(o.path).above.key: o for o in deletions}
        stated = ((o.behavior.deletes, o) for o in deletions)
        self._by_resource = {rule.resource: o for rule, o in stated if rule is not None and rule.parameter}

    @property
    def wanted_count(self) -> int:
        """The number of requests that it takes."""
        return sum(self._find_deletion(row) is not None for row in self._rows.rows)

    def delete_rows(self) -> None:
        """Delete the rows; those that were refused once more, when what hung on them is gone. Raises as sending."""
        for _ in range(2):
            for row in reversed(list(self._rows.rows)):
                deletion = self._find_deletion(row)
                with suppress(NotSent):
                    if deletion is not None:
                        self._delete_row(deletion, row)

    def _find_deletion(self, row: OwnRow) -> Operation | None:
        """Return the operation that deletes a row: that of its collection, else that of its resource."""
        return self._by_collection.get(row.collection) or self._by_resource.get(row.resource)

    def _delete_row(self, operation: Operation, row: OwnRow) -> None:
        path = self._find_path(operation, row)
        request = self._known_values.build_valid_request(operation)
        if path is None or request is None:
            return
        exchange = self._sender.send(operation, **request.with_path(**path).send_arguments)
        if exchange.status in _GONE:
            self._rows.forget_row(row, list(path.values())[-1])

    def _find_path(self, operation: Operation, row: OwnRow) -> dict[str, str] | None:
        """Return the path parameters of the operation that lead to a row, None where they are unknown."""
        ordered = order_path_parameters(operation)
        text = (
            choose_text(row, ordered[-1]) if ordered and parse_path(operation.path).above.key == row.collection else ""
        )
        if text and len(row.above) == len(ordered) - 1:
            return dict(zip((parameter.name for parameter in ordered), [*row.above, text], strict=True))
        return fill_row_path(operation, row.row, row.path) if row.resource else None

    def describe_rest(self, *, is_kept: bool) -> Iterator[str]:
        """Yield one sentence on the rows that stay, if there are any."""
        parts = [
            self._describe_collection(collection) for collection in dict.fromkeys(r.collection for r in self._rows.rows)
        ]
        parts += [f"{count} of {label}, without ids" for label, count in self._rows.unnamed.items()]
        if parts:
            reason = "as --keep says" if is_kept else "since they could not be deleted"
            yield f"Rows that the run has created stay, {reason}: {'; '.join(parts)}."

    def _describe_collection(self, collection: str) -> str:
        texts = [self._name_row(row) for row in self._rows.rows if row.collection == collection]
        shown = ", ".join(texts[:_MAX_SHOWN_IDS])
        more = ", …" if len(texts) > _MAX_SHOWN_IDS else ""
        return f"{len(texts)} of {collection.replace('{}', '…')} ({shown}{more})"

    def _name_row(self, row: OwnRow) -> str:
        resource = self._sender.api.resources.get(row.resource)
        stated = to_path_text(row.row, resource.behavior.id.field) if resource is not None else None
        names = ("id", "uuid", "key", "name", *row.texts)
        return stated or next((row.texts[name] for name in names if row.texts.get(name)), "?")
