"""``python -m tests.fuzz``: send random requests to the mock, and print what came of them."""

import sys
from time import perf_counter

import click

from specduet.specs import bundled, load_all
from tests.fuzz.campaign import run_campaign


@click.command()
@click.argument("names", nargs=-1, metavar="[API|FILE]...")
@click.option("--inputs", default=100_000, show_default=True, help="Send so many requests.")
@click.option("--seed", default=1, show_default=True, help="The same seed sends the same requests.")
@click.option("--control", is_flag=True, help="Send them to the control API, and not to the APIs.")
def main(names: tuple[str, ...], inputs: int, seed: int, *, control: bool) -> None:
    """Send random requests to the mock of the bundled APIs, or of others.

    The exit code is 1 where one of them failed: with a 5xx, an exception, or after more than a second.
    """
    started_at = perf_counter()
    campaign = run_campaign(tuple(load_all(names or bundled())), inputs, seed, control=control)
    seconds = perf_counter() - started_at
    for status, count in sorted(campaign.statuses.items()):
        click.echo(f"{status}  {count:>9,}")
    click.echo(
        f"{campaign.statuses.total():,} responses in {seconds:.0f} s, the slowest after {campaign.slowest_s:.3f} s"
    )
    for fault in campaign.faults[:20]:
        click.echo(f"FAULT {fault[:1_000]}")
    click.echo(f"{len(campaign.faults)} faults")
    sys.exit(1 if campaign.faults else 0)


if __name__ == "__main__":
    main()
