"""Prints figures as plain tables for terminals and documents."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

_marks = iter("abcdefghijklmnopqrstuvwxyz")


@dataclass
class Table:
    """A title, columns, rows and notes. ``mark`` is unique to a table of a run, for names in the data."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    mark: str = field(default_factory=lambda: next(_marks))

    def row(self, name: str, *figures: float | str) -> None:
        """Add a row. Numbers from 100 on have no decimals."""
        self.rows.append([name, *(_text(figure) for figure in figures)])

    def note(self, text: str) -> None:
        self.notes.append(text)

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        texts = ["  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([self.title, *(f"  {line}" for line in texts), *(f"  → {note}" for note in self.notes)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def progress(step: str) -> None:
    """Print the current step on standard error, so that standard output contains only figures."""
    print(f"… {step}", file=sys.stderr, flush=True)


def _text(figure: float | str) -> str:
    if isinstance(figure, str):
        return figure
    return f"{figure:.0f}" if figure >= 100 else f"{figure:.2f}"
