"""The command line: ``specduet apis | overlay | check | mock | test | compare | explain``.

Exit codes: 0 no findings, 1 findings, 2 operator error, 3 target unreachable, 4 internal error.
Each command imports what it needs: the mock starts fast because it does not load the contract suite.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from specduet.contracts.session.option_table import OPTIONS, join_levels, to_arguments
from specduet.document_commands import add_option, apis, check, overlay, with_document_options
from specduet.report_commands import compare
from specduet.specs.errors import SpecduetError, UsageError, explain_refusal, leave_full_output
from specduet.specs.printing import make_loggable

if TYPE_CHECKING:
    from specduet.mocks.server import Reload
    from specduet.mocks.settings import Credential, Settings
    from specduet.specs import Api

_INTERNAL_ERROR = 4
_EPIPE = 32
_INTERRUPTED = 130


def main() -> None:
    """Run the command line. An operator error is printed as a sentence on standard error."""
    for stream in (sys.stdout, sys.stderr):  # a document may hold characters that the terminal cannot encode
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli(prog_name="specduet", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except SpecduetError as error:
        click.echo(make_loggable(str(error)), err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:  # the reader has closed the pipe
        leave_full_output()
        code = _EPIPE
    except Exception as error:  # noqa: BLE001 - an internal error must not look like a finding
        code = _report_exception(error)
    sys.exit(code)


def _report_exception(error: Exception) -> int:
    """Print a sentence where the operating system refuses something, else the traceback; return the exit code."""
    refusal = explain_refusal(error)
    if refusal is None:
        traceback.print_exception(error)
        return _INTERNAL_ERROR
    with suppress(OSError):
        click.echo(make_loggable(str(refusal)), err=True)
    leave_full_output()
    return refusal.exit_code


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="specduet", message="%(prog)s %(version)s")
def cli() -> None:
    """Mock an API from its OpenAPI document, and test any server against the same document.

    API is the name of a bundled document (see: specduet apis), FILE is any OpenAPI document of your own.
    """


for _command in (apis, overlay, check, compare):
    cli.add_command(_command)


# ------------------------------------------------------------------------------------------------------- mock


def _parse_timestamp(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    """Parse an ISO 8601 time; without an offset it is UTC."""
    if text is None:
        return None
    try:
        timestamp = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not an ISO 8601 time such as 2027-01-31T08:00:00Z") from None
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


def _parse_base_path(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Parse ``/v1``: a slash at its beginning, and none at its end; empty for none."""
    if text is None:
        return None
    path = text.strip("/")
    if any(character in path for character in "?#{}"):
        raise click.BadParameter(f"{text!r} is not a path such as /v1")
    return f"/{path}" if path else ""


def _parse_credentials(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> "tuple[Credential, ...]":
    """Parse each ``SCHEME=VALUE[,owner=NAME][,admin]``."""
    from specduet.mocks.settings import Credential

    found = []
    for text in texts:
        scheme, equals, rest = text.partition("=")
        value, *extras = rest.split(",")
        if not (scheme and equals and value):
            raise click.BadParameter("expected SCHEME=VALUE[,owner=NAME][,admin]")
        known: dict[str, Any] = {}
        for extra in extras:
            if extra == "admin":
                known["admin"] = True
            elif extra.startswith("owner=") and extra != "owner=":
                known["owner"] = extra.removeprefix("owner=")
            else:
                raise click.BadParameter(f"after the value you can give owner=NAME and admin, not {extra!r}")
        found.append(Credential(scheme, value, **known))
    return tuple(found)


def _parse_values(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> dict[str, dict[str, list[Any]]]:
    from specduet.mocks.value_choices import parse_choices

    return parse_choices(texts)


@cli.command()
@click.argument("names", nargs=-1, metavar="[API|FILE]...")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--tls", is_flag=True, help="Serve HTTPS with a new certificate, and say which to trust.")
@click.option(
    "--tls-cert", type=click.Path(exists=True, path_type=Path), metavar="FILE", help="Serve HTTPS with this one."
)
@click.option("--tls-key", type=click.Path(exists=True, path_type=Path), metavar="FILE", help="The key of --tls-cert.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same answers.")
@click.option(
    "--runs", type=click.IntRange(0, 100_000), default=60, show_default=True, help="Number of seeded items per API."
)
@click.option(
    "--epoch",
    callback=_parse_timestamp,
    metavar="TIME",
    help="ISO 8601 time; all seeded timestamps are before it.  [default: now]",
)
@click.option(
    "--data",
    type=click.Choice(["believable", "adversarial"]),
    default="believable",
    show_default=True,
    help="adversarial: valid values that break careless clients.",
)
@click.option(
    "--pace",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Speed of the lifecycle of created items: 2 is twice as fast.",
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    callback=_parse_credentials,
    metavar="SCHEME=VALUE[,owner=NAME][,admin]",
    help="Accept only this credential. May be repeated. Without it, any non-empty value is accepted.",
)
@click.option(
    "--no-auth", "auth", flag_value=False, type=bool, default=True, help="Accept requests without credentials."
)
@click.option(
    "--no-control",
    "control",
    flag_value=False,
    type=bool,
    default=True,
    help="Do not serve the control API /__mock__/.",
)
@click.option(
    "--control-token",
    default="",
    envvar="SPECDUET_CONTROL_TOKEN",
    metavar="TOKEN",
    help="Serve the control API only to requests with this X-Mock-Token, but under any name.",
)
@click.option(
    "--allow-webhooks",
    multiple=True,
    metavar="HOST",
    help="Send webhooks to this host too, and not only to this machine. May be repeated.",
)
@click.option(
    "--base-path",
    callback=_parse_base_path,
    metavar="PATH",
    help='Serve every operation below this path; "" for none.  [default: the path of the document\'s server]',
)
@click.option(
    "--server-variable",
    "server_variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a variable in the addresses of the document's servers. May be repeated.",
)
@click.option(
    "--seed-data",
    "seed_source",
    type=click.Path(exists=True, path_type=Path),
    metavar="DIR|FILE",
    help="Begin with these rows: JSON, YAML or CSV files such as customer.csv, or one file of all rows.",
)
@click.option(
    "--values",
    multiple=True,
    callback=_parse_values,
    metavar="API:ENUM=MEMBER,…",
    help="Members of an enumeration that data hold: shop:OrderState=open,paid. May be repeated.",
)
@click.option("--strict", is_flag=True, help="Refuse a document that has any problem: see specduet check.")
@click.option("--allow-remote", is_flag=True, help="Follow references to http and https URLs.")
@with_document_options
@click.option("--reload", is_flag=True, help="Serve each document as it is after you change one of its files.")
@click.option("--quiet", is_flag=True, help="Do not write a line to standard error for each request.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the lines for requests.",
)
def mock(
    names: tuple[str, ...],
    port: int,
    host: str,
    epoch: datetime | None,
    reload: bool,  # noqa: FBT001  an option of the command line
    quiet: bool,  # noqa: FBT001
    log_format: Any,
    strict: bool,  # noqa: FBT001
    allow_remote: bool,  # noqa: FBT001
    server_variables: tuple[str, ...],
    seed_source: Path | None,
    tls: bool,  # noqa: FBT001
    tls_cert: Path | None,
    tls_key: Path | None,
    overlays: tuple[Path, ...],
    api_name: str | None,
    stateless: bool,  # noqa: FBT001
    **given: Any,
) -> None:
    """Serve a mock of the APIs, by default of all bundled ones, until Ctrl-C.

    Example: specduet mock nx1 --port 8000 --credential APIKeyHeader=secret
    """
    from specduet.mocks.banner import describe_mock
    from specduet.mocks.seed_data import read_seed_data
    from specduet.mocks.server import serve
    from specduet.mocks.settings import Settings
    from specduet.mocks.tls import open_certificate
    from specduet.specs import bundled, load_all
    from specduet.specs.server_variables import parse_server_variables

    settings = Settings(**given, log=None if quiet else log_format)
    settings = replace(settings, epoch=epoch) if epoch else settings

    options = {
        "strict": strict,
        "allow_remote": allow_remote,
        "overlays": overlays,
        "stateless": stateless,
        "server_variables": parse_server_variables(server_variables),
    }

    def load_apis() -> "list[Api]":
        return list(load_all(names or bundled(), name=api_name or "", **options))

    served = load_apis()
    if any(api.problems for api in served):
        _print_problems(served)
    _check_schemes(served, settings.credentials)

    def load_settings(apis: "Sequence[Api]") -> "Settings":
        return settings if seed_source is None else replace(settings, seed_data=read_seed_data(seed_source, apis))

    watch = _build_reload(served, load_apis, load_settings, seed_source) if reload else None
    with open_certificate(host, tls_cert, tls_key, make=tls) as certificate:

        def print_banner(url: str) -> None:
            for line in describe_mock(served, settings, url, certificate):
                click.echo(line)
            sys.stdout.flush()

        serve(served, load_settings(served), host, port, print_banner, watch, certificate)


def _print_problems(served: "list[Api]") -> None:
    """Print on standard error how many problems each document has."""
    from specduet.specs.problem_reports import count_problems

    for api in served:
        if api.problems:
            click.echo(count_problems(api.path, api.problems), err=True)


def _build_reload(
    served: "list[Api]",
    load_apis: "Callable[[], list[Api]]",
    load_settings: "Callable[[Sequence[Api]], Settings]",
    seed_source: Path | None,
) -> "Reload | None":
    """Return what watches the files of a mock; None where it has only documents that are bundled."""
    from specduet.specs.locations import HOME

    if seed_source is None and all(file.is_relative_to(HOME) for api in served for file in api.files):
        click.echo("--reload: there is nothing to watch, for bundled APIs have no files of yours")
        return None
    from specduet.mocks.reloading import ReloadingMock  # only who reloads needs what watches files

    return lambda mock: ReloadingMock(mock, load_apis, click.echo, load_settings, seed_source)


def _check_schemes(served: "list[Api]", credentials: "tuple[Credential, ...]") -> None:
    known = sorted({name for api in served for name in api.schemes})
    for credential in credentials:
        if credential.scheme not in known:
            raise UsageError(
                f"no security scheme is called {credential.scheme!r}", remedy=f"Known: {', '.join(known) or 'none'}."
            )


# ------------------------------------------------------------------------------------------------------- test


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a run to a command, in the order of their table."""
    for option in reversed(OPTIONS):
        command = add_option(command, option)
    return command


class _RunCommand(click.Command):
    """A command whose levels may have a value or none."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, join_levels(args))


@cli.command(cls=_RunCommand)
@click.argument("names", nargs=-1, metavar="[API|FILE]...")
@_with_options
@click.option(
    "--config", type=Path, metavar="FILE", help="Configuration file.  [default: specduet.toml, if there is one]"
)
@click.option("-k", "select", metavar="EXPRESSION", help="Report only items that match, in the syntax of pytest -k.")
@click.option("-n", "workers", metavar="N", help="Run the items in N processes, as pytest-xdist does.")
def test(names: tuple[str, ...], config: Path | None, select: str | None, workers: str | None, **given: Any) -> int:
    """Test a service, or the mock, against its OpenAPI document.

    FILE may be a URL. Without API or FILE, the document that the service offers (/openapi.json, /v3/api-docs …) is
    used, else every bundled API that it serves.

    Exit codes: 0 no findings at or above --fail-on, 1 findings, 2 you have to fix the command or the document, 3 the
    service could not be reached.

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
    """Explain a clause by its code or name; without one, list them all.

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
