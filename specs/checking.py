"""Check of a document: all of its problems, with their lines."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from specduet.specs.model import Api, Content
from specduet.specs.problems import Problem
from specduet.specs.source import find_lines
from specduet.specs.validation import find_violations


def find_all_problems(api: Api, normalized: dict[str, Any]) -> tuple[Problem, ...]:
    """Return the problems of reading, then those that change nothing of what is served, in the order of their lines."""
    found = list(api.problems)
    known = {problem.pointer for problem in found if problem.file == api.path}
    for pointer, message in find_violations(normalized):
        if not _is_known(pointer, known):
            found.append(Problem(api.path, None, pointer, f"is no valid OpenAPI: {message}", ""))
    found += _find_bad_examples(api)
    return locate_problems(found)


def locate_problems(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return the problems with the lines of their pointers, sorted by file and line."""
    wanted: dict[Path, set[str]] = defaultdict(set)
    for problem in problems:
        if problem.line is None:
            wanted[problem.file].add(problem.pointer)
    lines = {file: find_lines(file, pointers) for file, pointers in wanted.items()}
    located = [p if p.line is not None else replace(p, line=lines[p.file].get(p.pointer)) for p in problems]
    return tuple(sorted(dict.fromkeys(located), key=lambda p: (str(p.file), p.line or 0, p.pointer)))


def _is_known(pointer: str, known: set[str]) -> bool:
    """Return whether a violation is what another problem says already, at its place or around it."""
    return any(
        pointer == other or other.startswith(f"{pointer}/") or pointer.startswith(f"{other}/") for other in known
    )


def _find_bad_examples(api: Api) -> Iterator[Problem]:
    for operation in api.operations:
        contents = [(api.response_schemas, c) for r in operation.responses.values() for c in r.content.values()]
        if operation.body is not None:
            contents += [(api.request_schemas, c) for c in operation.body.content.values()]
        for schemas, content in contents:
            if content.has_schema and content.examples and "json" in content.media_type:
                yield from _check_examples(api.path, schemas.validator_at(content.pointer), content)


def _check_examples(path: Path, validator: Any, content: Content) -> Iterator[Problem]:
    for name, value in content.examples.items():
        try:
            error = None if validator.is_valid(value) else next(validator.iter_errors(value), None)
        except ValueError:  # a value that no JSON can hold
            continue
        if error is not None:
            holder = content.pointer.rpartition("/")[0]
            where = "".join(f"/{part}" for part in error.instance_path)
            message = f"the example {name!r} breaks its schema: {error.message[:200]}" + (
                f" at {where}" if where else ""
            )
            yield Problem(path, None, holder, message, "the example is ignored")
