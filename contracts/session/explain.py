"""Text of ``specduet explain``: the rule behind a clause, and what to do about a finding."""

from difflib import get_close_matches
from textwrap import fill

from specduet.contracts.clauses import Clause, all_clauses
from specduet.specs import UsageError

_WIDTH = 110
_BASES = {
    "documented": "error: documented by the vendor",
    "inferred": "warning: not documented by the vendor, but can be deduced",
    "assumed": "not reported: it is only a guess",
}


def find_clause(code: str) -> Clause:
    """Return the clause with a code or name. Raises ``UsageError`` that suggests the nearest ones."""
    known = {key: clause for clause in all_clauses() for key in (clause.code, clause.name)}
    for key in (code, code.upper(), code.lower()):
        if key in known:
            return known[key]
    near = get_close_matches(code, known, n=3, cutoff=0.5) or get_close_matches(code.upper(), known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "'specduet explain' lists them all."
    raise UsageError(f"no clause is called {code!r}", remedy=hint)


def _wrap_paragraphs(text: str) -> str:
    return "\n\n".join(fill(paragraph, _WIDTH, break_on_hyphens=False) for paragraph in text.split("\n\n"))


def explain_clause(clause: Clause) -> str:
    """Return the explanation of a clause as text."""
    lines = [
        f"{clause.code} {clause.name}",
        "",
        clause.sentence,
        *(["", _wrap_paragraphs(clause.details)] if clause.details else []),
        "",
        f"Family:    {clause.family}",
        f"Severity:  {_BASES[clause.basis]}; a finding has the severity of the statement that is broken",
        f"Rule:      {clause.rule_location}",
        "",
        "A finding shows the line of the specification, the place in the response or request, the wrong value, and",
        f"a curl command. To report only this clause: specduet test --url URL -k {clause.name}",
        "To ignore known findings for 90 days, with a reason for each: specduet test --url URL --update-baseline",
        "More: docs/clauses.md, docs/contracts.md",
    ]
    return "\n".join(lines)
