r"""Foreign text on its way out: it steers no terminal, no log of a CI job, no viewer and no Markdown.

Every text of a document or of a service goes through one of these functions before it is printed or written.
"""

import re
from unicodedata import category

_ODD_RUN = re.compile(r"[^\n -~]+")
_COMMAND = re.compile(r"(?m)^([^\S\n]*):(?=:)|#(?=#(?:\[|\w{1,20}\[))")
"""What GitHub (``::error::``, ``##[error]``), Azure (``##vso[…]``) and TeamCity (``##teamcity[…]``) obey in a log."""
_MARKUP = re.compile(r"([\\`*_<>\[\]&|~$@#]|(?<=:)/(?=/))")


def make_printable(text: str) -> str:
    r"""Return a text in one line: ``\n`` and what is said in ``escape_unprintable`` are escaped."""
    return escape_unprintable(text).replace("\n", "\\u000a")


def escape_unprintable(text: str) -> str:
    r"""Return a text with its lines, and without control and format characters: ``\u001b``, ``\u202e``.

    In a JSON text this changes nothing of what it says, for such characters stand in strings only.
    """
    return _ODD_RUN.sub(_escape_run, text)


def make_loggable(text: str) -> str:
    """Return a text that neither a terminal nor the runner of a CI job obeys: ``escape_unprintable``, and more."""
    return _COMMAND.sub(lambda found: f"{found[0]} ", escape_unprintable(text))


def escape_markdown(text: str) -> str:
    """Return a text in one line of which Markdown shows every character as it is."""
    return _MARKUP.sub(r"\\\1", make_printable(text))


def quote_markdown(text: str) -> str:
    """Return a text in one line as inline code, also where it contains backticks (CommonMark 0.31, section 6.1)."""
    line = make_printable(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if len(fence) > 1 else f"`{line}`"


def _escape_run(run: re.Match[str]) -> str:
    text = run[0]
    return text if text.isprintable() else "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    if character.isprintable() or category(character) == "Zs":
        return character
    code = ord(character)
    if code < 2**16:
        return f"\\u{code:04x}"
    high, low = divmod(code - 2**16, 2**10)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
