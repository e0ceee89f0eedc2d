"""Cleaning up at the end of a run: the rows that it has created are deleted, newest first, where the document can."""

from collections.abc import Iterator
from contextlib import suppress

from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.planning.own_rows import OwnRow, choose_text
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
        self._deletions = {parse_path(o.path).above.key: o for o in deletions if sender.can_send(o)}

    @property
    def wanted_count(self) -> int:
        """The number of requests that it takes."""
        return sum(row.collection in self._deletions for row in self._rows.rows)

    def delete_rows(self) -> None:
        """Delete the rows; those that were refused once more, when what hung on them is gone. Raises as sending."""
        for _ in range(2):
            for row in self._list_deletable():
                with suppress(NotSent):
                    self._delete_row(self._deletions[row.collection], row)

    def _list_deletable(self) -> list[OwnRow]:
        return [row for row in reversed(self._rows.rows) if row.collection in self._deletions]

    def _delete_row(self, operation: Operation, row: OwnRow) -> None:
        names = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
        ordered = sorted(names, key=lambda name: operation.path.find(f"{{{name}}}"))
        parameter = operation.parameter(ordered[-1], "path") if ordered else None
        text = choose_text(row, parameter) if parameter is not None else ""
        request = self._known_values.build_valid_request(operation)
        if not text or request is None or len(row.above) != len(ordered) - 1:
            return
        path = dict(zip(ordered, [*row.above, text], strict=True))
        exchange = self._sender.send(operation, **request.with_path(**path).send_arguments)
        if exchange.status in _GONE:
            self._rows.forget_row(row, text)

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
        names = ("id", "uuid", "key", "name", *row.texts)
        return next((row.texts[name] for name in names if row.texts.get(name)), "?")
