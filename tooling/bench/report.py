"""Figures as plain tables that read well in a terminal and in a document."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

_marks = iter("abcdefghijklmnopqrstuvwxyz")


@dataclass
class Table:
    """A title, columns, rows and notes. ``mark`` tells tables of one run apart, for names in the data."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    mark: str = field(default_factory=lambda: next(_marks))

    def row(self, name: str, *figures: float | str) -> None:
        """Add a row; numbers are shown with as many digits as they deserve."""
        self.rows.append([name, *(_shown(figure) for figure in figures)])

    def note(self, text: str) -> None:
        """Add a line below the table."""
        self.notes.append(text)

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        shown = [
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
        ]
        return "\n".join(
            [self.title, *(f"  {line}" for line in shown), *(f"  → {note}" for note in self.notes)]
        )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the others do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def progress(step: str) -> None:
    """Say on the standard error what is being done, so that the figures stand alone on the standard output."""
    print(f"… {step}", file=sys.stderr, flush=True)


def _shown(figure: float | str) -> str:
    if isinstance(figure, str):
        return figure
    return f"{figure:.0f}" if figure >= 100 else f"{figure:.2f}"
