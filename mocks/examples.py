"""A body made from the schema alone, for answers that no world stands behind."""

from specduet.mocks import responses
from specduet.mocks.generation import values
from specduet.mocks.request import is_json
from specduet.mocks.responses import Answer
from specduet.specs import Api, Content, Operation, Response


def example(api: Api, operation: Operation, status: int, key: str) -> Answer:
    """The documented answer of a status, with a valid body; the same ``key`` gives the same one.

    Raises ``generation.CannotGenerate`` where the schema allows nothing that can be found.
    """
    response = operation.response_for(status)
    content = preferred(response) if response else None
    if response is None or content is None:
        return responses.empty(status)
    value = values.generate_value(api.schemas, content.schema, content.pointer, f"{api.name}/{operation.id}/{key}")
    media_type = content.media_type.replace("*/*", "application/json").encode("latin-1", "replace")
    if is_json(content.media_type) or content.media_type == "*/*":
        return responses.encoded(status, value, media_type)
    body = value if isinstance(value, str) else ""
    return responses.answer(status, body.encode("utf-8", "replace"), media_type)


def preferred(response: Response) -> Content | None:
    """The media type in which the mock answers: JSON where it is documented, else the first."""
    contents = list(response.content.values())
    return next((content for content in contents if is_json(content.media_type)), contents[0] if contents else None)
