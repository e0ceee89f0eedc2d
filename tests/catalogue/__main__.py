"""``python -m tests.catalogue``: list the servers, start one by hand, or hold the judge to all of them."""

import click
import uvicorn

from tests.catalogue import CORRECT, VARIANTS, create
from tests.catalogue.client import GIVEN, OTHER_THREAD, THREAD


@click.group()
def main() -> None:
    """Servers to try a judge on: a correct one, faulty ones, and correct but unusual ones."""


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
