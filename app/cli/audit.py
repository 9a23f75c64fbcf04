"""``flask audit``: prove that what is stored was not changed behind the service's back."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from app.cli.group import Group
from app.cli.progress import progress, say
from app.services import audit as service
from app.services.audit import Finding

audit = Group("audit", help="Verify the histories of payments and the audit log.")


@audit.command()
@click.option("--payment", "payment_id", help="Verify this payment only.")
def verify(payment_id: str | None) -> None:
    """Walk every payment's hash chain and the audit log; exit code 1 when something is wrong."""
    total = 1 if payment_id else service.count_payments()
    verified = wrong = 0
    for found in progress(service.payment_findings(payment_id), total, "payments"):
        verified += 1
        wrong += _tell(found)
    click.echo(f"{verified} payments verified.")
    if payment_id is None:
        wrong += _tell(service.log_findings())
        number, seal = service.log_head()
        click.echo(f"{number} audit entries verified; the newest has the hash {seal}.")
    if wrong:
        click.echo(f"{wrong} problems found.", err=True)
        sys.exit(1)
    click.echo("No problem found.")


def _tell(findings: Iterable[Finding]) -> int:
    number = 0
    for finding in findings:
        say(f"{finding.subject}: {finding.message}")
        number += 1
    return number
