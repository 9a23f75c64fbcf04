"""What commands print: tables, and the progress of long ones.

Progress goes to standard error: a bar on a terminal, now and then a line elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import click
from tqdm import tqdm

T = TypeVar("T")

_LINES = 10


def progress(items: Iterable[T], total: int, unit: str) -> Iterator[T]:
    """Hand on ``items``, of which there are about ``total``, and show how many are done."""
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, unit=f" {unit}", file=sys.stderr)
        return
    every = max(1, total // _LINES)
    for done, item in enumerate(items, start=1):
        yield item
        if done % every == 0:
            click.echo(f"{done} of {max(done, total)} {unit}", err=True)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows on standard output, each column as wide as its longest text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def say(line: str) -> None:
    """Print a line on standard output without tearing the bar."""
    tqdm.write(line, file=sys.stdout)
