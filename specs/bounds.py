"""Bounds on documents: every reader of foreign input stops at one of these, with a sentence.

The largest public documents that were tried (3.8 MB of JSON, 3 MB of YAML) have 76,000 values and 30 levels.
"""

from typing import NamedTuple


class Bound(NamedTuple):
    """One bound: the highest value that is still read, and the reason for it."""

    #: names what is counted, as it reads in a sentence: ``more than 160 levels``
    name: str
    value: int
    why: str


FILE_BYTES = Bound("bytes", 16 * 1024 * 1024, "a document is served within 10 s and 500 MiB")
VALUES = Bound("values", 600_000, "aliases and short items make a small file large: so many values take 60 MiB")
LEVELS = Bound("levels", 160, "every walk over a document is recursive, and Python stops at 1,000 calls")
DIGITS = Bound("digits", 300, "a longer number is beyond the range of a double, in which JSON numbers are compared")
PROBLEMS = Bound("problems in one file", 1_000, "nobody reads more, and one mistake may be repeated on every line")
EXPANDED = Bound(
    "values with references followed",
    10_000,
    "openapi-spec-validator takes 0.2 ms a value, and follows references anew at each place",
)
COMBINED = Bound("schemas at one place", 10_000, "each of them is applied to each value")
CHAINED = Bound("schemas in a row", 200, "references are followed recursively")
WALKED = Bound("schemas below one", 1_000, "schemas that refer to each other hold each other without end")
ADDRESS = Bound("characters in the address of a server", 2_000, "each operation has it; a variable may repeat in it")
PATH = Bound("characters", 2_000, "no server takes a longer one, and each pointer into its operations has it")
TARGET = Bound("characters", 2_000, "the JSONPath of an overlay is parsed and applied recursively")

BOUNDS = (FILE_BYTES, VALUES, LEVELS, DIGITS, PROBLEMS, EXPANDED, COMBINED, CHAINED, WALKED, ADDRESS, PATH, TARGET)
