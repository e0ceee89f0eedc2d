"""Commands that read reports: ``specduet compare``."""

from pathlib import Path

import click


@click.command()
@click.argument("earlier", type=click.Path(exists=True, path_type=Path), metavar="EARLIER")
@click.argument("later", type=click.Path(exists=True, path_type=Path), metavar="LATER")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="html: one page that needs no network.",
)
def compare(earlier: Path, later: Path, output_format: str) -> int:
    """Show which findings of two runs are new, gone or still there; exit with 1 where a new one fails the later run.

    EARLIER and LATER are folders of --report, or the report.json in one. What the later run did not reach is not
    called gone.

    Example: specduet compare last-week/ report/ --format html > changes.html
    """
    from specduet.contracts.reports.comparison import compare_reports, format_comparison, read_report
    from specduet.contracts.reports.page import render_comparison

    before, after = read_report(earlier), read_report(later)
    comparison = compare_reports(before, after)
    if output_format == "html":
        click.echo(render_comparison(before, after, comparison))
    elif output_format == "json":
        click.echo(comparison.to_json())
    else:
        for line in format_comparison(comparison):
            click.echo(line)
    return comparison.exit_code
