"""The service without its counting, for comparison: ``gunicorn tooling.bench.unmeasured:app``."""

from __future__ import annotations

from typing import Any

from app import telemetry
from app.factory import create_app
from config import Settings


def _nothing(*_: Any, **__: Any) -> None:
    """Replaces each counting function and the watcher of the driver."""


for _name in (
    *("request_answered", "request_rejected", "stripe_called", "webhook_delivered", "webhook_applied"),
    *("payment_moved", "refund_came_to", "signed_in", "MongoDB"),
):
    assert hasattr(telemetry, _name), _name  # noqa: S101 (else this would measure nothing)
    setattr(telemetry, _name, _nothing)

app = create_app(Settings.from_env())
