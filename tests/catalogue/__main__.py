"""``python -m tests.catalogue``: list the servers, start one by hand, or judge all of them."""

import random
from collections.abc import Sequence
from pathlib import Path

import click
import uvicorn

from tests.catalogue import CORRECT, VARIANTS, create_app
from tests.catalogue.operations import APIS
from tests.catalogue.probe_client import CREDENTIALS, OTHER_THREAD, THREAD


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Servers to try a judge on: a correct one, faulty ones, and correct but unusual ones.

    Without a command all of them are judged, as ``generic`` and ``run`` do.
    """
    if context.invoked_subcommand is None:
        context.invoke(judge_generic)
        context.invoke(judge_servers)


@main.command("generic")
@click.argument("text", default="")
@click.option("--jobs", default=2, show_default=True, help="Judge so many services at the same time.")
@click.option("--faults/--no-faults", default=True, show_default=True, help="Judge faulty services, too.")
@click.option("--correct/--no-correct", default=True, show_default=True, help="Judge the correct services.")
def judge_generic(*, text: str, jobs: int, faults: bool, correct: bool) -> None:
    """Judge services of many kinds whose name contains TEXT with nothing but their documents."""
    from tests.catalogue.generic.run import (  # seconds of imports that `serve` does without
        judge_generic_services,
        render_generic_table,
    )

    verdicts = judge_generic_services(text, jobs, faults=faults, correct=correct)
    for verdict in verdicts:
        if not verdict.is_right:
            click.echo(verdict)
    click.echo(f"\n{render_generic_table(verdicts)}")


@main.command("run")
@click.argument("text", default="")
@click.option("--seeds", default=5, show_default=True, help="Judge each server so many times.")
@click.option("--jobs", default=2, show_default=True, help="Judge so many servers at the same time.")
@click.option("--sample", type=int, help="Only so many of the servers, chosen the same way every time.")
@click.option("--own", is_flag=True, help="Test only the operations that are faulty.")
@click.option(
    "--ablation/--no-ablation",
    default=True,
    show_default=True,
    help="Judge with the generated cases alone and with the probes alone, too.",
)
@click.option("--plain", default=60, show_default=True, help="Run plain schemathesis on so many of the servers.")
@click.option("--kept", type=click.Path(path_type=Path), help="Keep verdicts here, and go on where it stopped.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the table into this file, too.")
def judge_servers(
    *,
    text: str,
    seeds: int,
    jobs: int,
    sample: int | None,
    own: bool,
    ablation: bool,
    plain: int,
    kept: Path | None,
    output: Path | None,
) -> None:
    """Judge the servers whose name or family contains TEXT, and print what was found, missed and invented."""
    from tests.catalogue.judging import CaseSource, ServerVerdict  # seconds of imports that `serve` does without
    from tests.catalogue.judging_pool import judge_all, list_tasks
    from tests.catalogue.result_table import describe_misjudged, render_table

    names = _choose_servers(text, sample)
    verdicts: dict[CaseSource, list[ServerVerdict]] = {}
    sources: tuple[CaseSource, ...] = ("both", "generated", "probes") if ablation else ("both",)
    for cases in sources:
        tasks = list_tasks(names, seeds if cases == "both" else 1, cases, own_operations=own)
        verdicts[cases] = []
        with click.progressbar(judge_all(tasks, jobs, kept), len(tasks), label=f"{cases:10}") as bar:
            verdicts[cases].extend(bar)
    baseline = _run_baseline(_choose_sample(names, plain)) if plain else {}
    for paragraph in describe_misjudged(verdicts["both"]):
        click.echo(paragraph)
    table = render_table(verdicts, baseline)
    click.echo(f"\n{table}")
    if output:
        output.write_text(table + "\n", encoding="utf-8")


def _choose_servers(text: str, sample: int | None) -> list[str]:
    names = [v.name for v in VARIANTS.values() if text in v.name or text in v.family]
    names += [CORRECT] if text in CORRECT else []
    if not names:
        raise click.UsageError(f"no server's name or family contains {text!r}")
    return _choose_sample(names, sample) if sample else names


def _choose_sample(names: Sequence[str], count: int) -> list[str]:
    """Return ``count`` of the names but for the correct server's, the same ones every time."""
    names = sorted(name for name in names if name != CORRECT)
    return sorted(random.Random(1).sample(names, min(count, len(names))))


def _run_baseline(names: list[str]) -> dict[str, bool]:
    from tests.catalogue.judging import open_server  # seconds of imports that `serve` does without
    from tests.catalogue.schemathesis_baseline import compare_with_correct

    with open_server() as server:
        found, exit_codes = compare_with_correct(server, names, 1)
    failing = sum(code != 0 for code in exit_codes.values())
    click.echo(f"Plain schemathesis exits with a failure on {failing} of {len(exit_codes)} correct servers.")
    return found


@main.command("list")
@click.argument("text", default="")
def list_servers(text: str) -> None:
    """List the servers whose name or family contains TEXT."""
    for variant in VARIANTS.values():
        if text in variant.name or text in variant.family:
            click.echo(f"{variant.name:56} {variant.family:18} {variant.sentence}")


@main.command("serve")
@click.argument("variant", type=click.Choice([CORRECT, *VARIANTS]), metavar="VARIANT")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
def serve_variant(variant: str, host: str, port: int) -> None:
    """Start one server and print how to call it."""
    apis = APIS if variant == CORRECT else (VARIANTS[variant].api,)
    click.echo(f"http://{host}:{port}  {variant}")
    if variant != CORRECT:
        click.echo(f"  {VARIANTS[variant].sentence}")
    for api in apis:
        for name, value in CREDENTIALS[api].items():
            click.echo(f"  {api}: -H '{name}: {value}'")
    if "seekrflow" in apis:
        click.echo(f"  seekrflow: --param thread_id={THREAD} --param thread_id={OTHER_THREAD}")
    uvicorn.run(create_app(variant), host=host, port=port, log_level="warning")


if __name__ == "__main__":
    main()
