"""Numbers as people in finance read them."""

from __future__ import annotations

import math
from decimal import Decimal

_COMPACT = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
NO_DATA = "no data"


def count(number: int) -> str:
    """A count with thousands separated: ``12,345``."""
    return _minus(f"{number:,}")


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as a percentage. Only 1 is ``100.0%`` and only 0 is ``0.0%``; what is nearly so says ``>99.9%``."""
    if fraction is None or not math.isfinite(fraction):
        return NO_DATA
    step = 10.0**-digits
    if 0 < fraction * 100 < step / 2:
        return f"<{step:.{digits}f}%"
    if 100 - step / 2 < fraction * 100 < 100:
        return f">{100 - step:.{digits}f}%"
    return _minus(f"{fraction * 100:.{digits}f}%")


def share(part: int, whole: int) -> str:
    """What ``part`` is of ``whole``, as a percentage; an empty whole has no share."""
    return percent(part / whole) if whole else NO_DATA


def compact(value: float) -> str:
    """A number for an axis: ``950``, ``1.2k``, ``3.4M``."""
    size = abs(value)
    if size >= 1e15:
        return _minus(f"{value:.1e}")
    for unit, letter in _COMPACT:
        # What rounds up to a thousand of the smaller unit is written as one of the larger.
        if size >= unit * 0.9995 and size >= 1000:
            scaled = value / unit
            return _minus(_short(f"{scaled:.1f}" if abs(scaled) < 99.95 else f"{scaled:.0f}") + letter)
    return _minus(_short(f"{value:.3g}" if size < 1 else f"{value:.2f}"))


def money(amount: Decimal | None, currency: str) -> str:
    """An amount in major units with its currency: ``1,234.50 USD``."""
    return amount_in(amount, currency.upper())


def amount_in(amount: Decimal | None, unit: str) -> str:
    """An amount with the unit that it counts, as it is: ``1,234.50 USD``; alone without one."""
    return NO_DATA if amount is None else _minus(f"{amount:,f} {unit}".rstrip())


def duration(seconds: float) -> str:
    """A duration with its two largest units: ``850 ms``, ``5 s``, ``1 min 30 s``, ``2 h``, ``3 d``."""
    if seconds < 0:
        return "−" + duration(-seconds)
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    left = round(seconds)
    for index, (size, name) in enumerate(_UNITS):
        if left >= size:
            rest, small = (0, "") if index + 1 == len(_UNITS) else _UNITS[index + 1]
            minor = (left % size) // rest if rest else 0
            return f"{left // size:,} {name}" + (f" {minor} {small}" if minor else "")
    return "0 s"


def _short(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits and "e" not in digits else digits


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
