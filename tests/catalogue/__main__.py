"""``python -m tests.catalogue``: list the servers, start one by hand, or hold the judge to all of them."""

import random
from pathlib import Path

import click
import uvicorn

from tests.catalogue import CORRECT, VARIANTS, create
from tests.catalogue.client import GIVEN, OTHER_THREAD, THREAD


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Servers to try a judge on: a correct one, faulty ones, and correct but unusual ones.

    Without a command all of them are judged, as ``run`` does.
    """
    if context.invoked_subcommand is None:
        context.invoke(run)


@main.command()
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
def run(
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
    from tests.catalogue.judging import Cases, Verdict, stage  # seconds of imports that `serve` does without
    from tests.catalogue.plain import compare
    from tests.catalogue.running import run_all, tasks
    from tests.catalogue.table import table, wrong

    names = _chosen(text, sample)
    verdicts: dict[Cases, list[Verdict]] = {}
    ways: tuple[Cases, ...] = ("both", "generated", "probes") if ablation else ("both",)
    for cases in ways:
        todo = tasks(names, seeds if cases == "both" else 1, cases, own=own)
        verdicts[cases] = []
        with click.progressbar(run_all(todo, jobs, kept), len(todo), label=f"{cases:10}") as bar:
            verdicts[cases].extend(bar)
    peers: dict[str, bool] = {}
    if plain:
        with stage() as opened:
            peers, codes = compare(opened, _spread(names, plain), 1)
        failing = sum(code != 0 for code in codes.values())
        click.echo(f"Plain schemathesis exits with a failure on {failing} of {len(codes)} correct servers.")
    for paragraph in wrong(verdicts["both"]):
        click.echo(paragraph)
    result = table(verdicts, peers)
    click.echo(f"\n{result}")
    if output:
        output.write_text(result + "\n", encoding="utf-8")


def _chosen(text: str, sample: int | None) -> list[str]:
    names = [v.name for v in VARIANTS.values() if text in v.name or text in v.family]
    names += [CORRECT] if text in CORRECT else []
    if not names:
        raise click.UsageError(f"no server's name or family contains {text!r}")
    return _spread(names, sample) if sample else names


def _spread(names: list[str], count: int) -> list[str]:
    names = [name for name in names if name != CORRECT]
    return sorted(random.Random(1).sample(names, min(count, len(names))))


@main.command("list")
@click.argument("text", default="")
def show(text: str) -> None:
    """List the servers whose name or family contains TEXT."""
    for variant in VARIANTS.values():
        if text in variant.name or text in variant.family:
            click.echo(f"{variant.name:56} {variant.family:18} {variant.sentence}")


@main.command()
@click.argument("variant", type=click.Choice([CORRECT, *VARIANTS]), metavar="VARIANT")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
def serve(variant: str, host: str, port: int) -> None:
    """Start one server and print how to call it."""
    apis = tuple(GIVEN) if variant == CORRECT else (VARIANTS[variant].api,)
    click.echo(f"http://{host}:{port}  {variant}")
    if variant != CORRECT:
        click.echo(f"  {VARIANTS[variant].sentence}")
    for api in apis:
        for name, value in GIVEN[api].items():
            click.echo(f"  {api}: -H '{name}: {value}'")
    if "seekrflow" in apis:
        click.echo(f"  seekrflow: --param thread_id={THREAD} --param thread_id={OTHER_THREAD}")
    uvicorn.run(create(variant), host=host, port=port, log_level="warning")


if __name__ == "__main__":
    main()
