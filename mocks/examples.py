"""Responses with a body generated from the schema alone, for operations that no world stands behind."""

from specduet.mocks import responses
from specduet.mocks.generation import values
from specduet.mocks.request import is_json
from specduet.mocks.responses import HttpResponse
from specduet.specs import Api, Content, Operation, Response


def make_example_response(api: Api, operation: Operation, status: int, key: str) -> HttpResponse:
    """Return the documented response of a status, with a valid body; the same ``key`` gives the same body.

    Raises ``generation.CannotGenerate`` if no valid value is found.
    """
    response = operation.response_for(status)
    content = choose_content(response) if response else None
    if response is None or content is None:
        return responses.make_empty_response(status)
    value = values.generate_value(api.schemas, content.schema, content.pointer, f"{api.name}/{operation.id}/{key}")
    media_type = content.media_type.replace("*/*", "application/json").encode("latin-1", "replace")
    if is_json(content.media_type) or content.media_type == "*/*":
        return responses.make_json_response(status, value, media_type)
    body = value if isinstance(value, str) else ""
    return responses.make_response(status, body.encode("utf-8", "replace"), media_type)


def choose_content(response: Response) -> Content | None:
    """Return the content that the mock responds with: JSON if it is documented, else the first."""
    contents = list(response.content.values())
    return next((content for content in contents if is_json(content.media_type)), contents[0] if contents else None)
