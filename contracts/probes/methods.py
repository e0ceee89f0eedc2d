"""Send a method that the document does not have on a path: the response says which methods there are."""

from contextlib import suppress
from dataclasses import replace

from specduet.contracts.generation.planned_request import PlannedRequest
from specduet.contracts.sending.sender import ForeignRow, Sender
from specduet.contracts.traces import UndeclaredMethod
from specduet.specs import Operation

_METHOD = "TRACE"
"""A method that changes nothing and that few services have (RFC 9110, 9.3.8); it has to be sent without credentials."""


def send_undeclared_method(sender: Sender, operation: Operation, request: PlannedRequest) -> None:
    """Send ``TRACE`` to each path once, if the document does not have it there."""
    same_path = [other for other in sender.api.operations if other.path == operation.path]
    if same_path[0].id != operation.id or any(other.method == _METHOD for other in same_path):
        return
    undeclared = replace(operation, id=f"{_METHOD} {operation.path}", method=_METHOD, body=None, parameters=())
    if sender.can_send(undeclared):
        with suppress(ForeignRow):
            exchange = sender.send(undeclared, path=request.path, credentials="none")
            sender.record_trace(UndeclaredMethod, operation, exchange)
