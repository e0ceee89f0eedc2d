"""Words in names: ``customerId``, ``customer-id`` and ``customer_id`` are the same; singular, plural and verbs."""

import re
from functools import lru_cache

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^A-Za-z0-9]+")


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, which spaces separate."""
    return frozenset(text.split())


def word_list(text: str) -> tuple[str, ...]:
    """Return the words of a text, which spaces separate, in their order."""
    return tuple(text.split())


_IRREGULAR = {
    "people": "person",
    "children": "child",
    "indices": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "men": "man",
    "women": "woman",
    "aliases": "alias",
    "statuses": "status",
    "buses": "bus",
    "movies": "movie",
    "cookies": "cookie",
    "quizzes": "quiz",
    "criteria": "criterion",
    "leaves": "leaf",
    "shelves": "shelf",
    "halves": "half",
    "wives": "wife",
    "lives": "life",
    "knives": "knife",
    "caches": "cache",
}
# words that end with s and are singular, or the same in both numbers
_UNCOUNTED = word_set(
    "status address news series species access process business canvas analysis analytics progress success settings "
    "preferences metadata data media info information bonus campus virus basis kudos sms dns https aws ios gas "
    "address class pass express compass"
)


@lru_cache(maxsize=8192)
def split_words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case: ``customerIDs`` gives ``("customer", "ids")``."""
    return tuple(part.lower() for part in _OTHER.sub(" ", _HUMP.sub(" ", name.replace("IDs", "Ids"))).split())


@lru_cache(maxsize=8192)
def to_snake(name: str) -> str:
    """Return a name in lower case with underscores: ``page[size]`` and ``pageSize`` give ``page_size``."""
    return "_".join(split_words(name))


@lru_cache(maxsize=8192)
def to_singular(word: str) -> str:
    """Return the singular of the last word of a name in lower case: ``order_lines`` gives ``order_line``."""
    head, underscore, last = word.rpartition("_")
    return f"{head}{underscore}{_singular_word(last)}"


def _singular_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _UNCOUNTED or len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return {"ids": "id"}.get(word, word)
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "ches", "shes", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


def to_plural(word: str) -> str:
    """Return the plural of the last word of a name in lower case, so that ``to_singular`` returns the name again."""
    if word.endswith("y") and word[-2:-1] not in {*"aeiou"}:
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"


@lru_cache(maxsize=8192)
def is_plural(word: str) -> bool:
    """Tell whether a name in lower case ends with a plural."""
    last = word.rpartition("_")[2]
    return _singular_word(last) != last


@lru_cache(maxsize=8192)
def to_verb(word: str) -> str:
    """Return the plain form of a verb in lower case: ``Lists``, ``listing`` and ``list`` give ``list``."""
    word = word.lower()
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("shes", "ches", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
