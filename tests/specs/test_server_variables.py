"""Variables in the addresses of servers: values that a user chooses."""

import pytest

from specduet import specs
from specduet.specs import UsageError
from specduet.specs.server_variables import parse_server_variables

from .conftest import Write

DOCUMENT = """\
openapi: 3.1.0
info: {title: T, version: '1'}
servers:
  - url: https://{region}.example.com/{version}
    variables: {region: {default: eu}, version: {default: v1, enum: [v1, v2]}}
paths:
  /x:
    get: {responses: {'204': {description: ok}}}
    delete:
      servers: [{url: '/{version}/admin', variables: {version: {default: v1}}}]
      responses: {'204': {description: ok}}
"""


def test_a_value_stands_in_every_address(write: Write) -> None:
    """A chosen value is used by the servers of the document and of operations; others keep their defaults."""
    path = write("a.yaml", DOCUMENT)
    api = specs.load(path, server_variables={"version": "v2"})
    assert [operation.full_path for operation in api.operations] == ["/v2/x", "/v2/admin/x"]
    assert api.servers == ("https://eu.example.com/v2",)
    assert [operation.full_path for operation in specs.load(path).operations] == ["/v1/x", "/v1/admin/x"]


@pytest.mark.parametrize(
    ("document", "name", "message"),
    [
        (DOCUMENT, "stage", "no server of the document has a variable 'stage'\nKnown: region, version."),
        (DOCUMENT.split("servers", maxsplit=1)[0] + "paths: {}\n", "stage", "Its servers have none."),
        (
            DOCUMENT.replace("{version: {default: v1}}", "{version: {default: v1, enum: [v1]}}"),
            "version",
            "the server variable 'version' is never 'v3'\nKnown: v1, v2.",
        ),
    ],
)
def test_values_that_no_server_takes(write: Write, document: str, name: str, message: str) -> None:
    """An unknown name and a value outside of ``enum`` are refused with what is known."""
    with pytest.raises(UsageError) as caught:
        specs.load(write("a.yaml", document), server_variables={name: "v3"})
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["version", "=v2", ""])
def test_pairs_without_a_name_or_value_are_refused(text: str) -> None:
    """Only NAME=VALUE is understood; the value may be empty and hold an equals sign."""
    assert parse_server_variables(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(UsageError, match="expects NAME=VALUE"):
        parse_server_variables([text])
