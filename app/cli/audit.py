"""``flask audit``: prove that what is stored was not changed behind the service's back."""

from __future__ import annotations

import sys

import click
from tqdm import tqdm

from app.cli.group import Group
from app.services import audit as service
from app.services.audit import Finding

audit = Group("audit", help="Verify the histories of payments and the audit log.")


@audit.command()
@click.option("--payment", "payment_id", help="Verify this payment only.")
def verify(payment_id: str | None) -> None:
    """Walk every payment's hash chain and the audit log; exit code 1 when something is wrong."""
    total = None if payment_id else service.count_payments()
    verified = wrong = 0
    findings = service.payment_findings(payment_id)
    # Without a terminal there is no bar, so that logs stay readable.
    for found in tqdm(
        findings, total=total, unit=" payments", file=sys.stderr, disable=not sys.stderr.isatty()
    ):
        verified += 1
        wrong += _tell(found)
    click.echo(f"{verified} payments verified.")
    if payment_id is None:
        wrong += sum(_tell([finding]) for finding in service.log_findings())
        number, seal = service.log_head()
        click.echo(f"{number} audit entries verified; the newest has the hash {seal}.")
    if wrong:
        click.echo(f"{wrong} problems found.", err=True)
        sys.exit(1)
    click.echo("No problem found.")


def _tell(findings: list[Finding]) -> int:
    for finding in findings:
        # tqdm.write keeps the bar below the list.
        tqdm.write(f"{finding.subject}: {finding.message}", file=sys.stdout)
    return len(findings)
