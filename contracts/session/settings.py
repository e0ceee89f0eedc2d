"""Settings of a run: from options, then ``specduet.toml``, then defaults."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from specduet.contracts.session import baseline, config_file
from specduet.contracts.session.baseline import AcceptedFinding
from specduet.contracts.session.config_file import API_KEYS, TomlTable
from specduet.contracts.session.option_table import OPTIONS, Option, find_option
from specduet.contracts.session.remote_documents import is_url
from specduet.specs import SpecError, UsageError
from specduet.specs.source import read_document

Profile = Literal["smoke", "deep"]
Severity = Literal["error", "warning"]
Pairs = tuple[tuple[str, str], ...]


_OF_THE_SERVICE = {*API_KEYS, "headers", "auth-command", "login", "oauth", "api"}
"""Keys of the file that are about the real service alone, and not about a mock in its place."""


@dataclass(frozen=True)
class RunSettings:
    """Resolved settings of one run. Times are in seconds.

    ``url`` is empty where ``mock`` is set, and where only the URL of a document is given.
    A name in ``auth`` is a scheme, or ``api:scheme`` for one API alone.
    """

    apis: tuple[str, ...]
    url: str
    mock: bool
    headers: Pairs
    auth: Pairs
    auth_command: str | None
    login: str | None
    oauth: Pairs
    no_auth: bool
    params: Mapping[str, tuple[str, ...]]
    profile: Profile
    seed: int
    fail_on: Severity
    report: Path | None
    max_time: float | None
    max_requests: int | None
    max_response_time: float | None
    stream_time: float | None
    allow_writes: Literal["", "own", "all"]
    include: tuple[str, ...]
    only: tuple[str, ...]
    keep: bool
    rate_limit: float | None
    insecure: bool
    strict_document: bool
    overlay: tuple[Path, ...]
    name: str
    stateless: bool
    server_variable: tuple[str, ...]
    allow_remote: bool
    dry_run: bool
    baseline: Path | None
    update_baseline: bool
    accepted: tuple[AcceptedFinding, ...]
    typed_auth: tuple[str, ...] = ()
    """The names of ``--auth``, without those of the file, which may be about other APIs."""
    typed_params: tuple[str, ...] = ()
    """The names of ``--param``."""


def resolve_settings(apis: Iterable[str], given: TomlTable, path: Path | None = None) -> RunSettings:
    """Resolve settings from the options by key (None or empty where not given) and the file.

    ``path`` is the file's, by default ``specduet.toml`` in the current folder if there is one.
    Raises ``UsageError`` or ``SpecError`` for an invalid value.
    """
    file = config_file.read_config(path)
    chosen = tuple(apis) or tuple(file.get("apis", ()))
    _refuse_contradictions(given)
    mock, url = _choose_target(given, file, chosen)
    if mock:  # the file's address and credentials are those of a real service, not of the mock
        file = {key: value for key, value in file.items() if key not in _OF_THE_SERVICE}
    tables = _relevant_tables(file, chosen, url)
    plain = {known.key: _option_value(known, given, file) for known in OPTIONS}
    baseline_path, accepted = _load_accepted(plain["baseline"], file, path, renew=plain["update_baseline"])
    settled = {
        "url": url,
        "mock": mock,
        "headers": _merge_pairs(_parse_pairs(given, "headers", ":"), file.get("headers", {})),
        "auth": _merge_pairs(_parse_pairs(given, "auth", "="), *_scoped_credentials(tables), file.get("auth", {})),
        "oauth": _merge_pairs(_parse_pairs(given, "oauth", "="), file.get("oauth", {})),
        "params": _merge_params(given, tables, file, plain.pop("params_file")),
        "profile": plain["profile"] or "smoke",
        "seed": _choose_seed(plain["seed"], plain["profile"]),
        "fail_on": plain["fail_on"] or "error",
        "name": plain["name"] or "",
        "server_variable": tuple(plain["server_variable"] or ()),
        "baseline": baseline_path,
        "accepted": accepted,
        "typed_auth": tuple(name for name, _ in _parse_pairs(given, "auth", "=")),
        "typed_params": tuple(name for name, _ in _parse_pairs(given, "params", "=")),
    }
    return RunSettings(**{"apis": chosen, **plain, **settled})


def _option_value(known: Option, given: TomlTable, file: TomlTable) -> Any:
    """Return the value of an option: from the command line, else the file, else None. Numbers are above 0."""
    found = given.get(known.key)
    found = file.get(known.name) if found is None or found is False else found
    if known.kind == "flag":
        return bool(found)
    if known.kind == "level":
        return known.choices[0] if found is True else found or ""
    if known.kind == "text" and known.many:
        return tuple(found or ())
    if known.kind == "files":
        return tuple(Path(name) for name in found or ())
    if known.kind in {"file", "folder"}:
        return None if found is None else Path(found)
    if known.value_type in {int, float} and known.name != "seed" and found is not None and found <= 0:
        raise UsageError(f"--{known.name} must be greater than 0, and is {found}")
    return found


def _choose_target(given: TomlTable, file: TomlTable, chosen: tuple[str, ...]) -> tuple[bool, str]:
    """Return (start a mock?, URL). The URL is the given one, else that of the chosen APIs, else the file's."""
    if given.get("mock") and given.get("url"):
        raise UsageError("--mock and --url exclude each other: one of them says what to test")
    if given.get("url"):
        return False, str(given["url"]).rstrip("/")
    if given.get("mock") or file.get("mock"):
        return True, ""
    own = [file.get("api", {}).get(name, {}).get("url") or file.get("url") for name in chosen] or [file.get("url")]
    addresses = list(dict.fromkeys(address for address in own if address))
    if len(addresses) > 1:
        raise UsageError(
            f"the chosen APIs have different URLs: {', '.join(addresses)}",
            remedy="Name one API, or give --url.",
        )
    if not addresses and any(map(is_url, chosen)):
        return False, ""
    if not addresses:
        raise UsageError(
            "what is to be tested?",
            remedy="Give --url URL, or --mock to start the mock and test it.",
        )
    return False, str(addresses[0]).rstrip("/")


def _refuse_contradictions(given: TomlTable) -> None:
    """Raise ``UsageError`` for options of which one would leave the other without effect."""
    for one, others in (("mock", ("auth_command", "login", "oauth")), ("no_auth", ("auth", "auth_command", "oauth"))):
        for other in others:
            if given.get(one) and given.get(other):
                raise UsageError(f"--{one.replace('_', '-')} and --{other.replace('_', '-')} exclude each other")


def _relevant_tables(file: TomlTable, chosen: tuple[str, ...], url: str) -> dict[str, TomlTable]:
    """Return the file's tables of single APIs, without those that are not chosen or are at another URL."""
    return {
        name: table
        for name, table in file.get("api", {}).items()
        if (not chosen or name in chosen) and table.get("url", url).rstrip("/") == url
    }


def _scoped_credentials(tables: Mapping[str, TomlTable]) -> list[TomlTable]:
    return [{f"{name}:{key}": value for key, value in table.get("auth", {}).items()} for name, table in tables.items()]


def _parse_pairs(given: TomlTable, name: str, separator: str) -> Pairs:
    """Parse the (name, value) pairs of an option. Errors do not show the text: it may be a secret."""
    known, pairs = find_option(name), []
    for text in given.get(known.key) or ():
        key, found, value = text.partition(separator)
        if not found or not key.strip():
            raise UsageError(f"{known.flags[-1]} takes {known.metavar}")
        pairs.append((key.strip(), value.strip() if separator == ":" else value))
    return tuple(pairs)


def _merge_pairs(given: Pairs, *layers: TomlTable) -> Pairs:
    """Merge (name, value) pairs in order; a name hides the same name (any case) of later layers."""
    pairs, taken = list(given), {key.lower() for key, _ in given}
    for layer in layers:
        pairs += [(key, text) for key, value in layer.items() if key.lower() not in taken for text in _to_texts(value)]
        taken |= {key.lower() for key in layer}
    return tuple(pairs)


def _merge_params(
    given: TomlTable, tables: Mapping[str, TomlTable], file: TomlTable, path: Path | None
) -> dict[str, tuple[str, ...]]:
    content = {} if path is None else read_document(path)
    if not isinstance(content, Mapping):
        raise SpecError("is no file of parameters: it maps names to values", file=path, line=1)
    layers = [content, *(table.get("params", {}) for table in tables.values()), file.get("params", {})]
    params: dict[str, tuple[str, ...]] = {}
    for name, text in _merge_pairs(_parse_pairs(given, "params", "="), *layers):
        params[name] = (*params.get(name, ()), text)
    return params


def _choose_seed(given: int | None, profile: str | None) -> int:
    """Return the given seed, else 1, or for ``deep`` a random one, which is printed so that you can repeat the run."""
    if given is not None:
        return given
    return secrets.randbelow(1_000_000) if profile == "deep" else 1


def _load_accepted(
    path: Path | None, file: TomlTable, source: Path | None, *, renew: bool
) -> tuple[Path | None, tuple[AcceptedFinding, ...]]:
    """Return the baseline file, by default the one that ``--update-baseline`` writes, and all accepted findings."""
    if path is None and (renew or baseline.DEFAULT_FILE.is_file()):
        path = baseline.DEFAULT_FILE
    listed = baseline.parse_entries(file.get("accepted", ()), source or config_file.FILE)
    if path is None or (renew and not path.exists()):
        return path, listed
    return path, (*listed, *baseline.load_baseline(path, renew=renew))


def _to_texts(value: Any) -> tuple[str, ...]:
    return tuple(_to_text(v) for v in value) if isinstance(value, list) else (_to_text(value),)


def _to_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
