"""Foreign text steers nothing: no terminal, no log of a CI job, no Markdown."""

import json

import pytest

from specduet.specs.printing import (
    escape_markdown,
    escape_unprintable,
    make_loggable,
    make_printable,
    quote_markdown,
)

HOSTILE = "a\x1b[31m\x07\x9b\x7f\u202e\u2066\u2028\u200b\ufeff\ud800\U000e0041\x00z"


@pytest.mark.parametrize(
    "function", [escape_unprintable, make_printable, make_loggable, escape_markdown, quote_markdown]
)
def test_no_character_steers(function: object) -> None:
    """Control and format characters, and halves of pairs, become escapes; letters of any language stay."""
    assert callable(function)
    shown = function(f"{HOSTILE}\n\r\t ä漢\u3000\u00a0é")
    assert shown.replace("\n", "").replace("\u3000", "").replace("\u00a0", "").isprintable()
    assert "ä漢\u3000\u00a0é" in shown


def test_a_json_text_says_the_same() -> None:
    """In JSON, the escapes are those of JSON itself."""
    value = {"k\u202e": HOSTILE}
    text = escape_unprintable(json.dumps(value, ensure_ascii=False, indent=1))
    assert text.replace("\n", "").isprintable()
    assert json.loads(text) == value


def test_one_line_stays_one() -> None:
    """A line break in a name makes no new line."""
    assert make_printable("a\nb\r\nc") == "a\\u000ab\\u000d\\u000ac"


@pytest.mark.parametrize(
    "line",
    ["::error::x", "  ::add-mask::x", "\t::set-output name=a::b", "a ##[error]x", "##vso[task.x]", "##teamcity[a b]"],
)
def test_a_runner_obeys_no_line(line: str) -> None:
    """Commands of GitHub, Azure and TeamCity in a text are commands no more."""
    shown = make_loggable(f"first\n{line}")
    assert not any(each.lstrip().startswith("::") for each in shown.splitlines())
    assert not any(f"##{name}[" in shown for name in ("", "vso", "teamcity"))
    assert make_loggable("a::b, std::string, # [x]") == "a::b, std::string, # [x]"


def test_markdown_shows_what_was_said() -> None:
    """Neither links, images, HTML, tables nor code come out of a text."""
    assert escape_markdown("<b>[x](javascript:y) `c` a|b *d* @e https://f") == (
        r"\<b\>\[x\](javascript:y) \`c\` a\|b \*d\* \@e https:\//f"
    )
    assert quote_markdown("a `b` ``c``\n```") == "```` a `b` ``c``\\u000a``` ````"
