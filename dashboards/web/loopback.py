"""Loopback addresses: cookies need no https there, and only there is the Stripe sandbox accepted."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """True for a host name or address that means this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_sandbox(api_base: str) -> bool:
    """True for a Stripe address on this machine; any other is Stripe's, or a proxy on the way to it."""
    return is_loopback(urlsplit(api_base).hostname or "")
