"""Text of ``specduet explain``: the rule behind a clause, and what to do about a finding."""

from difflib import get_close_matches
from inspect import cleandoc

from specduet.contracts.clauses import Clause, all_clauses
from specduet.specs import UsageError

_BASES = {
    "documented": "error: the vendor's page promises it",
    "inferred": "warning: no page says it, but any sensible service does it",
    "assumed": "nothing by itself: no page says it",
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


def explain_clause(clause: Clause) -> str:
    """Return the explanation of a clause as text."""
    lines = [
        f"{clause.code} {clause.name}",
        "",
        clause.sentence,
        *(["", cleandoc(clause.details)] if clause.details else []),
        "",
        f"Family:    {clause.family}",
        f"Severity:  {_BASES[clause.basis]}; the statement that a finding rests on decides in each case",
        "",
        "A finding of this clause shows the part of the specification it breaks, where in the answer or request,",
        f"the value seen, and a curl line. To test it alone: specduet test --url URL -k {clause.name}",
        "To accept a finding that is known, with a reason and a date: specduet test --url URL --update-baseline",
        "More: docs/clauses.md, docs/contracts.md",
    ]
    return "\n".join(lines)
