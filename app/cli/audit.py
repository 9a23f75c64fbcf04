"""``flask audit``: prove that nobody changed what is stored behind the service's back.

Uses support.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

import click

from app.cli.support.group import Group
from app.cli.support.progress import progress, say
from app.services import audit as service
from app.services.audit import Finding

_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")

audit = Group("audit", help="Verify the histories of payments and the audit log.")


class Head(click.ParamType[tuple[int, str]]):
    """Number and hash of an audit entry."""

    name = "head"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, str]:
        match = _HEAD.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} does not look like 120:9f86d0…, a number and 64 hexadecimal digits.", param, ctx)
        return int(match[1]), match[2]


@audit.command()
@click.option("--payment", "payment_id", help="Verify this payment only.")
@click.option(
    "--head",
    type=Head(),
    metavar="NUMBER:HASH",
    help="The newest audit entry as an earlier run printed it. Shows whether the end was cut off or rewritten.",
)
def verify(payment_id: str | None, head: tuple[int, str] | None) -> None:
    """Walk every payment's hash chain and the audit log; exit code 1 when something is wrong."""
    if payment_id and head:
        raise click.UsageError("--head checks the audit log. Leave --payment out.")
    total = 1 if payment_id else service.count_payments()
    verified = wrong = 0
    for findings in progress(service.payment_findings(payment_id), total, "payments"):
        verified += 1
        wrong += _report(findings)
    click.echo(f"{verified} payments verified.")
    if payment_id is None:
        wrong += _report(service.log_findings())
        wrong += _report(service.head_findings(*head)) if head else 0
        number, seal = service.log_head()
        click.echo(
            f"{number} audit entries verified. Keep this somewhere else for the next run: --head {number}:{seal}"
        )
    if wrong:
        click.echo(f"{wrong} problems.", err=True)
        sys.exit(1)
    click.echo("No problems.")


def _report(findings: Iterable[Finding]) -> int:
    number = 0
    for finding in findings:
        say(f"{finding.subject}: {finding.message}")
        number += 1
    return number
