"""The command line: ``specduet apis | mock | test | explain``.

Exit codes: 0 nothing to complain of, 1 findings, 2 the operator must act, 3 the target could not be reached, 4 specduet
itself broke.
What a command needs is imported in the command: the mock starts without the judge, and fast.
"""

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from specduet.contracts.session.option_table import OPTIONS, to_arguments
from specduet.specs.errors import SpecduetError, UsageError

if TYPE_CHECKING:
    from specduet.mocks.settings import Credential
    from specduet.specs import Api

_INTERNAL_ERROR = 4
_EPIPE = 32
_INTERRUPTED = 130


def main() -> None:
    """Run the command line; what goes wrong on the operator's side is a sentence on standard error."""
    for stream in (sys.stdout, sys.stderr):  # a document's words may be more than a terminal can show
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli(prog_name="specduet", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except SpecduetError as error:
        click.echo(str(error), err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:  # whoever read has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _EPIPE
    except Exception:  # noqa: BLE001 - a fault of ours must not look like a finding
        traceback.print_exc()
        code = _INTERNAL_ERROR
    sys.exit(code)


@click.group()
@click.version_option(package_name="specduet", message="%(prog)s %(version)s")
def cli() -> None:
    """Hold runs APIs to their OpenAPI promise.

    From one specification come a mock server that behaves like the service, and a contract suite that tests the mock,
    or a service, against it. API is the name of a bundled specification (specduet apis), FILE any OpenAPI document.
    """


# ------------------------------------------------------------------------------------------------------- apis


@cli.command()
@click.argument("names", nargs=-1, metavar="[API|FILE]...")
@click.option("--seed", type=int, default=1, show_default=True, help="The seed of the mock whose ids are shown.")
def apis(names: tuple[str, ...], seed: int) -> None:
    """Show what is known: operations, statements, and what each statement stands on.

    Example: specduet apis seekrflow
    """
    from specduet.specs import bundled, load
    from specduet.specs.describe import describe_api

    for name in names or bundled():
        api = load(name)
        for line in describe_api(api):
            click.echo(line)
        for parameter, values in _mock_scopes(api, seed).items():
            click.echo(f"  the mock knows {parameter}: {', '.join(map(str, values))}")
        click.echo()


def _mock_scopes(api: "Api", seed: int) -> dict[str, list[Any]]:
    from specduet.mocks.settings import Settings
    from specduet.mocks.world import Clock, World

    settings = Settings(seed=seed)
    scopes: dict[str, list[Any]] = World(api, settings, Clock(settings.epoch)).scope_values()
    return scopes


# ------------------------------------------------------------------------------------------------------- mock


def _parse_timestamp(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    """An ISO 8601 moment; one without an offset is UTC."""
    if text is None:
        return None
    try:
        timestamp = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no ISO 8601 moment, such as 2027-01-31T08:00:00Z") from None
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


def _parse_credentials(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> "tuple[Credential, ...]":
    """Each ``SCHEME=VALUE[,owner=NAME][,admin]``."""
    from specduet.mocks.settings import Credential

    found = []
    for text in texts:
        scheme, equals, rest = text.partition("=")
        value, *extras = rest.split(",")
        if not (scheme and equals and value):
            raise click.BadParameter("it is SCHEME=VALUE[,owner=NAME][,admin]")
        known: dict[str, Any] = {}
        for extra in extras:
            if extra == "admin":
                known["admin"] = True
            elif extra.startswith("owner=") and extra != "owner=":
                known["owner"] = extra.removeprefix("owner=")
            else:
                raise click.BadParameter(f"after the value come owner=NAME and admin, and not {extra!r}")
        found.append(Credential(scheme, value, **known))
    return tuple(found)


@cli.command()
@click.argument("names", nargs=-1, metavar="[API|FILE]...")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same answers.")
@click.option("--runs", type=click.IntRange(0, 100_000), default=60, show_default=True, help="Seeded rows an API.")
@click.option(
    "--epoch",
    callback=_parse_timestamp,
    metavar="MOMENT",
    help="ISO 8601; what seeded times lie before.  [default: now]",
)
@click.option(
    "--data",
    type=click.Choice(["believable", "adversarial"]),
    default="believable",
    show_default=True,
    help="adversarial: valid values that hurt clients.",
)
@click.option(
    "--pace",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How many times faster than usual a started run lives.",
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    callback=_parse_credentials,
    metavar="SCHEME=VALUE[,owner=NAME][,admin]",
    help="Insist on this credential; may be repeated. Without, any value that is not empty passes.",
)
@click.option("--no-auth", "auth", flag_value=False, type=bool, default=True, help="Ask for no credentials.")
@click.option("--no-control", "control", flag_value=False, type=bool, default=True, help="Serve no /__mock__/.")
def mock(names: tuple[str, ...], port: int, host: str, epoch: datetime | None, **given: Any) -> None:
    """Serve a mock of the APIs, all bundled ones by default, until Ctrl-C.

    Example: specduet mock nx1 --port 8000 --credential APIKeyHeader=secret
    """
    from specduet.mocks.server import serve
    from specduet.mocks.settings import Settings
    from specduet.specs import bundled, load

    settings = Settings(**given)
    settings = replace(settings, epoch=epoch) if epoch else settings
    served = [load(name) for name in names or bundled()]
    _check_schemes(served, settings.credentials)

    def print_banner(url: str) -> None:
        click.echo(f"specduet mock: {url}")
        for api in served:
            click.echo(f"  {api.name}: {', '.join(operation.label for operation in api.operations)}")
        click.echo(f"  seed {settings.seed}, epoch {settings.epoch.isoformat()}")
        sys.stdout.flush()

    serve(served, settings, host, port, print_banner)


def _check_schemes(served: "list[Api]", credentials: "tuple[Credential, ...]") -> None:
    known = sorted({name for api in served for name in api.schemes})
    for credential in credentials:
        if credential.scheme not in known:
            raise UsageError(
                f"no security scheme is called {credential.scheme!r}", remedy=f"Known: {', '.join(known) or 'none'}."
            )


# ------------------------------------------------------------------------------------------------------- test


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a run, in the order of their table."""
    for option in reversed(OPTIONS):
        kind: dict[str, Any] = {"is_flag": True}
        if option.kind != "flag":
            kind = {
                "type": click.Choice(option.choices) if option.choices else option.value_type,
                "multiple": option.many,
            }
            kind["metavar"] = option.metavar or None
        command = click.option(*option.flags, option.key, help=option.help, **kind)(command)
    return command


@cli.command()
@click.argument("names", nargs=-1, metavar="[API|FILE]...")
@_with_options
@click.option("--config", type=Path, metavar="FILE", help="Settings.  [default: specduet.toml, if there is one]")
@click.option("-k", "select", metavar="EXPRESSION", help="Only the items whose name matches, as pytest reads it.")
@click.option("-n", "workers", metavar="N", help="Run the items in N processes, as pytest-xdist reads it.")
def test(names: tuple[str, ...], config: Path | None, select: str | None, workers: str | None, **given: Any) -> int:
    """Test a service, or the mock, against the specification.

    With no API named, all that the service serves are tested.

    Exit codes: 0 no findings at or above --fail-on, 1 findings, 2 the operator must act, 3 the service could not be
    reached.

    Example: specduet test seekrflow --url http://127.0.0.1:8000 --param thread_id=thread_1 --report report
    """
    from specduet.contracts.session.launcher import launch_suite

    arguments = [f"--api={name}" for name in names]
    arguments += [f"--config={config}"] if config else []
    return launch_suite([*arguments, *to_arguments(given)], select=select, workers=workers)


# ---------------------------------------------------------------------------------------------------- explain


@cli.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain a clause by its code or name; with none, list them all.

    Example: specduet explain SD201
    """
    from specduet.contracts.clauses import all_clauses
    from specduet.contracts.session.explain import explain_clause, find_clause

    if code is None:
        for clause in all_clauses():
            click.echo(f"{clause.code} {clause.name}: {clause.sentence}")
        return
    click.echo(explain_clause(find_clause(code)))


if __name__ == "__main__":
    main()
