"""Words in names."""

import pytest

from specduet.specs.inference.paths import parse_path
from specduet.specs.inference.words import is_plural, to_singular, to_snake, to_verb


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("customerId", "customer_id"),
        ("customer-id", "customer_id"),
        ("page[size]", "page_size"),
        ("@odata.nextLink", "odata_next_link"),
        ("HTTPServer", "http_server"),
        ("tagIDs", "tag_ids"),
    ],
)
def test_spellings_of_a_name_are_one(name: str, snake: str) -> None:
    """Humps, hyphens, dots and brackets are read as underscores."""
    assert to_snake(name) == snake


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("orders", "order"),
        ("order_lines", "order_line"),
        ("categories", "category"),
        ("boxes", "box"),
        ("addresses", "address"),
        ("people", "person"),
        ("purchases", "purchase"),
        ("ids", "id"),
    ],
)
def test_plurals_have_a_singular(plural: str, singular: str) -> None:
    """The singular of a plural is found, and it is its own singular."""
    assert (to_singular(plural), to_singular(singular)) == (singular, singular)
    assert is_plural(plural)


@pytest.mark.parametrize("word", ["status", "address", "news", "analysis", "settings", "bus"])
def test_some_words_end_with_s_in_the_singular(word: str) -> None:
    """A word that only looks like a plural is left as it is."""
    assert to_singular(word) == word


@pytest.mark.parametrize(
    ("word", "verb"), [("Lists", "list"), ("Deletes", "delete"), ("Copies", "copy"), ("Get", "get")]
)
def test_verbs_have_a_plain_form(word: str, verb: str) -> None:
    """A verb in a summary is read in any person."""
    assert to_verb(word) == verb


@pytest.mark.parametrize(
    ("path", "key", "parameter", "verb"),
    [
        ("/v1/users/{userId}.json", "/v1/users/{}", "userId", ""),
        ("/jobs/{id}:cancel", "/jobs/{}", "id", "cancel"),
        ("/pets/", "/pets", "", ""),
        ("/", "", "", ""),
    ],
)
def test_paths_have_a_shape(path: str, key: str, parameter: str, verb: str) -> None:
    """Suffixes, verbs after a colon and slashes at the end are taken off a path."""
    shape = parse_path(path)
    assert (shape.key, shape.parameter, shape.verb) == (key, parameter, verb)
