"""``validate``: check files for DATEV of any origin, without server, database or tenant."""

import os
import sys
from pathlib import Path

import click

from connector.accounting.chart import Chart
from connector.cli.output import JSON, format_option, show, tell
from connector.cli.validate_lines import validate_lines
from connector.config_files import load_chart_document
from connector.datev.validation import check_path, worst

_CHARTS = ("skr03", "skr04")


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option
def validate(*, files: tuple[Path, ...], fmt: str) -> None:
    """Check files for DATEV: EXTF, ledger XML, document.xml, and ZIPs of them.

    They may come from any program. All problems are told, each with its place, rule, severity and cure; so
    is what was not checked. With DATEV_XSD_DIR, XML is also checked against DATEV's own schemas.

    Exit code: 0 clean (warnings allowed), 1 errors, 2 unreadable; of several files the worst.
    """
    schemas = os.environ.get("DATEV_XSD_DIR", "").strip()
    charts = _standard_charts()
    reports = [check_path(path, Path(schemas).absolute() if schemas else None, charts) for path in files]
    if fmt == JSON:
        show(JSON, [report.as_dict() for report in reports], list)
    else:
        for report in reports:
            for line in validate_lines(report):
                tell(line)
    sys.exit(int(worst(reports)))


def _standard_charts() -> dict[str, Chart]:
    """The charts by DATEV's number, which header field 27 of a posting batch names."""
    charts = [Chart.parse(load_chart_document(name)) for name in _CHARTS]
    return {chart.datev_number: chart for chart in charts}
