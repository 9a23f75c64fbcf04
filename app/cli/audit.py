"""``flask audit``: prove that what is stored was not changed behind the service's back.

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

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, str]:
        found = _HEAD.fullmatch(str(value))
        if found is None:
            self.fail(
                f"{value!r} does not look like 120:9f86d0…, a number and 64 hexadecimal digits.", param, ctx
            )
        return int(found[1]), found[2]


@audit.command()
@click.option("--payment", "payment_id", help="Verify this payment only.")
@click.option(
    "--head",
    type=Head(),
    metavar="NUMBER:HASH",
    help="The newest audit entry as an earlier run told it; shows whether the end was cut off or written anew.",
)
def verify(payment_id: str | None, head: tuple[int, str] | None) -> None:
    """Walk every payment's hash chain and the audit log; exit code 1 when something is wrong."""
    if payment_id and head:
        raise click.UsageError("--head is about the audit log; leave --payment out.")
    total = 1 if payment_id else service.count_payments()
    verified = wrong = 0
    for found in progress(service.payment_findings(payment_id), total, "payments"):
        verified += 1
        wrong += _tell(found)
    click.echo(f"{verified} payments verified.")
    if payment_id is None:
        wrong += _tell(service.log_findings())
        wrong += _tell(service.head_findings(*head)) if head else 0
        number, seal = service.log_head()
        click.echo(
            f"{number} audit entries verified. Keep elsewhere for the next time: --head {number}:{seal}"
        )
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
