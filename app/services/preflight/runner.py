"""The production checklist as code: what a check is, and how checks run.

The checks themselves are in settings, database, stripe and serving, each a function that returns a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from app.errors import PaydeskError

logger = structlog.get_logger(__name__)


class State(StrEnum):
    """How a check ended. A person decides about a warning; a failure must be fixed before going live."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a check, and what to do about it (None when nothing)."""

    state: State
    message: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """``advice`` is what to do when the check could not even be made."""

    name: str
    run: Callable[[], Verdict]
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Result(Verdict):
    """A verdict with the name of its check."""

    name: str = field(kw_only=True)


def ok(message: str) -> Verdict:
    """Nothing to do."""
    return Verdict(State.OK, message)


def warn(message: str, advice: str) -> Verdict:
    """A person should look at it."""
    return Verdict(State.WARN, message, advice)


def fail(message: str, advice: str) -> Verdict:
    """It must be fixed."""
    return Verdict(State.FAIL, message, advice)


def run(checks: Iterable[Check]) -> Iterator[Result]:
    """Make the checks one after the other; one that cannot be made has failed, and the others are made all the same."""
    for check in checks:
        try:
            verdict = check.run()
        except PaydeskError as error:
            verdict = Verdict(State.FAIL, error.message, check.advice)
        except Exception as error:
            logger.error("unexpected_error", error=type(error).__name__, exc_info=error)
            message = f"The check could not be made ({type(error).__name__})."
            verdict = Verdict(State.FAIL, message, check.advice)
        yield Result(verdict.state, verdict.message, verdict.advice, name=check.name)
