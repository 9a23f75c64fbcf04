"""Values as people read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask

from app.domain.money import Money

_STATUS = {
    "pending": "Pending",
    "requires_action": "Waiting for 3-D Secure",
    "processing": "Processing",
    "authorized": "Authorized",
    "completed": "Completed",
    "failed": "Failed",
    "canceled": "Canceled",
}


def init_app(app: Flask, *, timezone: str) -> None:
    """Make the formatters filters of templates; times are shown in ``timezone``."""
    zone = ZoneInfo(timezone)
    app.jinja_env.filters.update(
        money=money, status_words=status_words, local_time=lambda moment: local_time(moment, zone)
    )


def money(minor: int, currency: str) -> str:
    """An amount of minor units with the decimals of its currency: ``1,234.50 USD``."""
    return f"{Money(minor, currency).to_major():,f} {currency.upper()}"


def status_words(status: str) -> str:
    """A payment's status in words."""
    return _STATUS.get(status, status)


def local_time(moment: datetime, zone: ZoneInfo) -> str:
    """A time as the wall clock in ``zone`` showed it, with the zone's short name."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
