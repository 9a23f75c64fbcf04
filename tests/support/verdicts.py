"""Verdicts of the production checklist as tests judge them, and secrets that pass it."""

from __future__ import annotations

from app.services.preflight.runner import State, Verdict

# As secrets are that somebody made at random, the second for where two must differ.
RANDOM = "yJ3k9-QmZ7wPq_LrV2sXbN8tFhGcD5aE0uKiTo4M"
OTHER = "Zx8vC1bN5mQ2wE7rT4yU0iO-pA9sD3fG6hJ_kLq"


def assert_is(found: Verdict, state: State, text: str) -> None:
    """The verdict is ``state``, its message holds ``told``, and it has advice unless it is ok."""
    assert (found.state, text in found.message) == (state, True), found
    assert bool(found.advice) == (state is not State.OK), "what is wrong comes with what to do"
