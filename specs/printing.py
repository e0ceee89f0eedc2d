"""Text of a document that is printed: it never reaches a terminal or the log of a CI job as it is."""


def make_printable(text: str) -> str:
    r"""Return the text in one line, without what a terminal or a runner obeys: ``\x1b`` and line breaks are escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
