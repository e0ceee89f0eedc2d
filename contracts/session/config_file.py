"""``specduet.toml``: settings for every run in a folder. Its keys are options, ``apis``, ``api`` and ``accepted``.

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

[[accepted]]                             # a finding that is known; see contracts/session/baseline.py
code = "SD201"
…
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from specduet.contracts.session.option_table import OPTIONS, Option
from specduet.specs import SpecError

FILE = Path("specduet.toml")
API_KEYS = ("url", "auth", "params")

TomlTable = Mapping[str, Any]
_BY_NAME = {known.name: known for known in OPTIONS}


def read_config(path: Path | None) -> dict[str, Any]:
    """Read the configuration file; empty where none is named and the current folder has none.

    Paths are relative to the file's folder, ``${NAME}`` comes from the environment. Raises ``SpecError`` with file and
    line for an unreadable file or an invalid value.
    """
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
    _check_keys(content, _TomlSource(path, text))
    return _resolve_paths(_expand_variables(content, path), path.parent)


def _resolve_paths(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Resolve paths relative to the file's folder."""
    for known in OPTIONS:
        if known.kind in {"file", "folder"} and known.name in content:
            content[known.name] = folder / content[known.name]
        if known.kind == "files" and known.name in content:
            content[known.name] = [folder / name for name in content[known.name]]
    if "apis" in content:
        content["apis"] = [str(folder / name) if (folder / name).exists() else name for name in content["apis"]]
    return content


@dataclass(frozen=True)
class _TomlSource:
    """A TOML file and its text, to find the line of a key: tomllib does not tell lines."""

    path: Path
    text: str

    def error_at(self, message: str, key: str) -> SpecError:
        pattern = rf"^\s*\[*[\w.\"-]*?\"?{re.escape(key)}\"?\s*[=\].]"
        lines = self.text.splitlines()
        line = next((n for n, line in enumerate(lines, start=1) if re.match(pattern, line)), None)
        return SpecError(message, file=self.path, line=line)


def _check_keys(content: TomlTable, source: _TomlSource) -> None:
    known = {*_BY_NAME, "apis", "api", "accepted"}
    for key, value in content.items():
        if key not in known:
            raise source.error_at(f"unknown key {key!r}{_suggest_key(key, known)}", key)
        if key in _BY_NAME:
            _check_value(_BY_NAME[key], value, source)
    for key, kind in (("apis", list), ("api", dict), ("accepted", list)):
        if not isinstance(content.get(key, kind()), kind):
            meant = "; did you mean 'apis'?" if key == "api" else ""
            raise source.error_at(f"{key!r} is {'a list' if kind is list else 'a table of tables'}{meant}", key)
    for name, table in content.get("api", {}).items():
        for key, value in table.items() if isinstance(table, dict) else ((name, None),):
            if key not in API_KEYS:
                raise source.error_at(f"unknown key {key!r} of an API; known: {', '.join(API_KEYS)}", key)
            _check_value(_BY_NAME[key], value, source)


def _suggest_key(key: str, known: Iterable[str]) -> str:
    """Return what to write instead of a key that nobody knows: the nearest ones, else all."""
    near = get_close_matches(key, list(known), n=2, cutoff=0.7)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else f"; known: {', '.join(sorted(known))}"


def _check_value(option: Option, value: Any, source: _TomlSource) -> None:
    kinds: dict[str, tuple[type, ...]] = {
        "flag": (bool,),
        "level": (bool, str),
        "whole": (int,),
        "number": (int, float),
        "pair": (dict,),
        "files": (list,),
    }
    wanted = (list,) if option.many and option.kind == "text" else kinds.get(option.kind, (str,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and option.kind not in {"flag", "level"}):
        names = {
            bool: "true or false",
            int: "a whole number",
            float: "a number",
            dict: "a table",
            list: "a list",
            str: "text",
        }
        raise source.error_at(f"{option.name!r} is {names[wanted[-1]]}", option.name)
    if option.choices and value not in option.choices and not isinstance(value, bool):
        raise source.error_at(f"{option.name!r} is one of {', '.join(option.choices)}", option.name)


def _expand_variables(value: Any, path: Path) -> Any:
    """Replace every ``${NAME}`` by the environment variable. Raises ``SpecError`` where it is not set."""
    if isinstance(value, dict):
        return {key: _expand_variables(inner, path) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expand_variables(inner, path) for inner in value]
    if not isinstance(value, str):
        return value

    def environment_value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise SpecError(f"the environment has no variable {name}", file=path, remedy=f"Set it: export {name}=…")
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", environment_value, value)
