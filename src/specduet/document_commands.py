"""Commands that show what a document says: ``specduet apis | overlay | check``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from specduet.contracts.session.option_table import Option, find_option
from specduet.specs.errors import SpecError

if TYPE_CHECKING:
    from specduet.specs import Api


def add_option(command: Callable[..., Any], option: Option, key: str = "") -> Callable[..., Any]:
    """Add an option of the table to a command; ``key`` is the parameter that takes it, by default the option's own."""
    kind: dict[str, Any] = {"is_flag": True}
    if option.kind != "flag":
        kind = {"type": click.Choice(option.choices) if option.choices else option.value_type, "multiple": option.many}
        kind["metavar"] = option.metavar or None
    return click.option(*option.flags, key or option.key, help=option.help, **kind)(command)


def with_document_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a document is read: ``--overlay``, ``--name`` and ``--stateless``."""
    for name, key in (("stateless", "stateless"), ("name", "api_name"), ("overlay", "overlays")):
        command = add_option(command, find_option(name), key)
    return command


@click.command()
@click.argument("names", nargs=-1, metavar="[API|FILE]...")
@click.option("--seed", type=int, default=1, show_default=True, help="Show the ids that the mock has with this seed.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: a list of the operations.",
)
@with_document_options
def apis(
    names: tuple[str, ...],
    seed: int,
    output_format: str,
    overlays: Sequence[Path],
    api_name: str | None,
    stateless: bool,  # noqa: FBT001  an option of the command line
) -> None:
    """Show the role of each operation of an API, and what is stated about its behavior, with the reason.

    Example: specduet apis openapi.yaml
    """
    from specduet.specs import bundled, load_all
    from specduet.specs.describe import describe_api, format_operations

    loaded = load_all(names or bundled(), overlays=overlays, name=api_name or "", stateless=stateless)
    if output_format == "json":
        click.echo(format_operations(loaded))
        return
    for api in loaded:
        for line in describe_api(api):
            click.echo(line)
        for parameter, values in _list_mock_scopes(api, seed).items():
            click.echo(f"  the mock knows {parameter}: {', '.join(map(str, values))}")
        click.echo()


def _list_mock_scopes(api: "Api", seed: int) -> dict[str, list[Any]]:
    from specduet.mocks.settings import Settings
    from specduet.mocks.world import Clock, World

    settings = Settings(seed=seed)
    scopes: dict[str, list[Any]] = World(api, settings, Clock(settings.epoch)).scope_values()
    return scopes


@click.command()
@click.argument("name", metavar="API|FILE")
@click.option(
    "--overlay", "overlays", type=Path, multiple=True, metavar="FILE", help="Apply this overlay first. May be repeated."
)
def overlay(name: str, overlays: Sequence[Path]) -> None:
    """Print what the document implies about behavior, as an OpenAPI overlay for you to edit.

    Example: specduet overlay openapi.yaml > overlay.yaml
    """
    from specduet.specs import load
    from specduet.specs.overlay_writer import build_overlay, dump_overlay

    bare = load(name, overlays=overlays, stateless=True)
    click.echo(dump_overlay(build_overlay(load(name, overlays=overlays), bare)), nl=False)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="[API|FILE]...")
@click.option("--strict", is_flag=True, help="Exit with 2 for any problem: specduet mock --strict refuses it.")
@click.option(
    "--format",
    "report_format",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="Format of the report.",
)
@click.option("--allow-remote", is_flag=True, help="Follow references to http and https URLs.")
def check(names: tuple[str, ...], strict: bool, report_format: str, allow_remote: bool) -> int:  # noqa: FBT001
    """Show every problem of a document, and what is left out because of it.

    Exit codes: 0 no problems, 1 problems in documents that are served nevertheless, 2 a document cannot be served.

    Example: specduet check openapi.yaml --format github
    """
    from specduet.specs.loading import check_document, find_document
    from specduet.specs.problem_reports import RENDERERS, CheckedDocument

    documents = []
    for name in names:
        try:
            checked = CheckedDocument(find_document(name), check_document(name, allow_remote=allow_remote))
        except SpecError as error:
            checked = CheckedDocument(find_document(name), (), error)
        documents.append(checked)
    click.echo(RENDERERS[report_format](documents))
    if any(document.error for document in documents):
        return 2
    return (2 if strict else 1) if any(document.problems for document in documents) else 0
