"""What a run was told: options first, then ``runproof.toml``, then the defaults.

apis = ["orders"]
url = "https://orders.example.com"
fail-on = "warning"

[auth]
APIKeyHeader = "${ORDERS_KEY}"              # from the environment

[params]
order_id = ["3f0c…"]

[api.parcels]                            # for this API alone
url = "https://parcels.example.com"
params = {depot = ["north", "south"]}

[[accepted]]                             # a finding that is known; see contracts/running/baseline.py
code = "RP201"
…
"""

import os
import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from contracts.running import baseline
from contracts.running.baseline import Accepted
from contracts.running.options import OPTIONS, Option
from specs import SpecError, UsageError
from specs.source import read

FILE = Path("runproof.toml")
Profile = Literal["smoke", "deep"]
Severity = Literal["error", "warning"]
Pairs = tuple[tuple[str, str], ...]

_OF_ONE_API = ("url", "auth", "params")
_BY_NAME = {known.name: known for known in OPTIONS}
Table = Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """Everything that one run was told.

    ``url`` is empty where ``mock`` says to start one; times are in seconds. A name in ``auth`` is a scheme's, or
    ``api:scheme`` where it holds for one API alone.
    """

    apis: tuple[str, ...]
    url: str
    mock: bool
    headers: Pairs
    auth: Pairs
    params: Mapping[str, tuple[str, ...]]
    profile: Profile
    seed: int
    fail_on: Severity
    report: Path | None
    max_time: float | None
    max_requests: int | None
    max_response_time: float | None
    allow_writes: bool
    rate_limit: float | None
    insecure: bool
    dry_run: bool
    baseline: Path | None
    update_baseline: bool
    accepted: tuple[Accepted, ...]


def settle(apis: Iterable[str], given: Table, config: Path | None = None) -> Settings:
    """Settings from options by key (None or empty where not given) and the file.

    ``config`` is the file, by default ``runproof.toml`` in the current folder if there is one.
    Raises ``UsageError`` and ``SpecError`` for what cannot be meant.
    """
    file = _read_file(config)
    chosen = tuple(apis) or tuple(file.get("apis", ()))
    mock, url = _target(given, file, chosen)
    if mock:  # what the file knows of a real service is no concern of the mock's
        file = {key: value for key, value in file.items() if key not in {*_OF_ONE_API, "headers", "api"}}

    def value(name: str) -> Any:
        found = given.get(_BY_NAME[name].key)
        return file.get(name) if found is None or found is False else found

    tables = _tables(file, chosen, url)
    profile = value("profile") or "smoke"
    renew = bool(value("update-baseline"))
    path, accepted = _accepted(_path(value("baseline")), file, config or FILE, renew=renew)
    return Settings(
        apis=chosen,
        url=url,
        mock=mock,
        headers=_merged(_given_pairs(given, "headers", ":"), file.get("headers", {})),
        auth=_merged(_given_pairs(given, "auth", "="), *_auths(tables), file.get("auth", {})),
        params=_params(given, tables, file, _path(value("params-file"))),
        profile=cast(Profile, profile),
        seed=_seed(value("seed"), profile),
        fail_on=cast(Severity, value("fail-on") or "error"),
        report=_path(value("report")),
        max_time=_positive("max-time", value("max-time")),
        max_requests=cast("int | None", _positive("max-requests", value("max-requests"))),
        max_response_time=_positive("max-response-time", value("max-response-time")),
        allow_writes=bool(value("allow-writes")),
        rate_limit=_positive("rate-limit", value("rate-limit")),
        insecure=bool(value("insecure")),
        dry_run=bool(value("dry-run")),
        baseline=path,
        update_baseline=renew,
        accepted=accepted,
    )


def _target(given: Table, file: Table, chosen: tuple[str, ...]) -> tuple[bool, str]:
    """Whether to start a mock, and else the address: as given, or of the chosen APIs, or of the whole file."""
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
            f"the chosen APIs stand at different addresses: {', '.join(addresses)}",
            remedy="Name one API, or give --url.",
        )
    if not addresses:
        raise UsageError("what is to be tested?", remedy="Give --url URL, or --mock to start the mock and test it.")
    return False, str(addresses[0]).rstrip("/")


def _tables(file: Table, chosen: tuple[str, ...], url: str) -> dict[str, Table]:
    """What the file says of single APIs, save of those that are not asked for or stand at another address."""
    return {
        name: table
        for name, table in file.get("api", {}).items()
        if (not chosen or name in chosen) and table.get("url", url).rstrip("/") == url
    }


def _auths(tables: Mapping[str, Table]) -> list[Table]:
    return [{f"{name}:{key}": one for key, one in table.get("auth", {}).items()} for name, table in tables.items()]


def _given_pairs(given: Table, name: str, separator: str) -> Pairs:
    """The (name, value) pairs of an option. The text behind an offending one may be a secret: it is not shown."""
    option, pairs = _BY_NAME[name], []
    for text in given.get(option.key) or ():
        key, found, value = text.partition(separator)
        if not found or not key.strip():
            raise UsageError(f"{option.flags[-1]} takes {option.metavar}")
        pairs.append((key.strip(), value.strip() if separator == ":" else value))
    return tuple(pairs)


def _merged(given: Pairs, *layers: Table) -> Pairs:
    """Every (name, value), in order; a name replaces the same name of a later layer."""
    pairs, taken = list(given), {key.lower() for key, _ in given}
    for layer in layers:
        pairs += [(key, text) for key, one in layer.items() if key.lower() not in taken for text in _many(one)]
        taken |= {key.lower() for key in layer}
    return tuple(pairs)


def _params(given: Table, tables: Mapping[str, Table], file: Table, path: Path | None) -> dict[str, tuple[str, ...]]:
    content = {} if path is None else read(path)
    if not isinstance(content, Mapping):
        raise SpecError("is no file of parameters: it maps names to values", file=path, line=1)
    layers = [content, *(table.get("params", {}) for table in tables.values()), file.get("params", {})]
    params: dict[str, tuple[str, ...]] = {}
    for name, text in _merged(_given_pairs(given, "params", "="), *layers):
        params[name] = (*params.get(name, ()), text)
    return params


def _positive(name: str, found: float | None) -> float | None:
    if found is not None and found <= 0:
        raise UsageError(f"--{name} must be greater than 0, and is {found}")
    return found


def _seed(given: int | None, profile: str) -> int:
    """``deep`` looks somewhere else every time; the seed is printed, and gives the same run again."""
    if given is not None:
        return given
    return secrets.randbelow(1_000_000) if profile == "deep" else 1


def _accepted(path: Path | None, file: Table, config: Path, *, renew: bool) -> tuple[Path | None, tuple[Accepted, ...]]:
    path = baseline.DEFAULT if path is None and renew else path
    listed = baseline.parse(file.get("accepted", ()), config)
    if path is None or (renew and not path.exists()):
        return path, listed
    return path, (*listed, *baseline.load(path, renew=renew))


def _many(value: Any) -> tuple[str, ...]:
    return tuple(_text(v) for v in value) if isinstance(value, list) else (_text(value),)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _path(value: Any) -> Path | None:
    return None if value is None else Path(value)


# ------------------------------------------------------------------------------------------------- the file


def _read_file(path: Path | None) -> dict[str, Any]:
    if path is None and not FILE.is_file():
        return {}
    path = path or FILE
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except UnicodeDecodeError:
        raise SpecError("is not UTF-8 text", file=path) from None
    except OSError as error:
        raise SpecError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=path) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise SpecError(
            f"does not parse as TOML: {str(error).partition(' (at')[0].lower()}",
            file=path,
            line=int(line[1]) if line else None,
        ) from None
    _check(content, _Place(path, text))
    return _placed(_filled(content, path), path.parent)


def _placed(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same with paths as seen from the file's own folder."""
    for known in OPTIONS:
        if known.kind in {"file", "folder"} and known.name in content:
            content[known.name] = folder / content[known.name]
    if "apis" in content:
        content["apis"] = [str(folder / name) if (folder / name).exists() else name for name in content["apis"]]
    return content


@dataclass(frozen=True)
class _Place:
    """A file and its text: where a key stands, TOML's own parser does not say."""

    path: Path
    text: str

    def error(self, message: str, key: str) -> SpecError:
        pattern = rf"^\s*\[*[\w.\"-]*?\"?{re.escape(key)}\"?\s*[=\].]"
        lines = self.text.splitlines()
        line = next((n for n, line in enumerate(lines, start=1) if re.match(pattern, line)), None)
        return SpecError(message, file=self.path, line=line)


def _check(content: Table, place: _Place) -> None:
    known = {*_BY_NAME, "apis", "api", "accepted"}
    for key, value in content.items():
        if key not in known:
            raise place.error(f"unknown key {key!r}; known: {', '.join(sorted(known))}", key)
        if key in _BY_NAME:
            _check_value(_BY_NAME[key], value, place)
    for key, kind in (("apis", list), ("api", dict), ("accepted", list)):
        if not isinstance(content.get(key, kind()), kind):
            raise place.error(f"{key!r} is {'a list' if kind is list else 'a table of tables'}", key)
    for name, table in content.get("api", {}).items():
        for key, value in table.items() if isinstance(table, dict) else ((name, None),):
            if key not in _OF_ONE_API:
                raise place.error(f"unknown key {key!r} of an API; known: {', '.join(_OF_ONE_API)}", key)
            _check_value(_BY_NAME[key], value, place)


def _check_value(option: Option, value: Any, place: _Place) -> None:
    wanted: tuple[type, ...] = {"flag": (bool,), "whole": (int,), "number": (int, float), "pair": (dict,)}.get(
        option.kind, (str,)
    )
    if not isinstance(value, wanted) or (isinstance(value, bool) and option.kind != "flag"):
        names = {bool: "true or false", int: "a whole number", float: "a number", dict: "a table", str: "text"}
        raise place.error(f"{option.name!r} is {names[wanted[-1]]}", option.name)
    if option.choices and value not in option.choices:
        raise place.error(f"{option.name!r} is one of {', '.join(option.choices)}", option.name)


def _filled(value: Any, path: Path) -> Any:
    """Every ``${NAME}`` replaced by the environment's. Raises ``SpecError`` for a name that it does not have."""
    if isinstance(value, dict):
        return {key: _filled(inner, path) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, path) for inner in value]
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise SpecError(f"the environment has no variable {name}", file=path, remedy=f"Set it: export {name}=…")
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", variable, value)
