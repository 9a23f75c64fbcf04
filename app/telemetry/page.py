"""The page for Prometheus.

Uses definitions, scrape_gauges.
"""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.values import ValueClass

from app.telemetry.definitions import Family, registry
from app.telemetry.scrape_gauges import build_info


def page(accept: str, read_now: Iterable[Family]) -> tuple[bytes, str]:
    """The page for Prometheus and its content type, in the format that the Accept header asks for."""
    whole = CollectorRegistry()
    if ValueClass._multiprocess:
        MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
    else:
        whole.register(registry)
    whole.register(_ReadNow([*read_now, build_info.family(((_version(), platform.python_version()), 1))]))
    encode, content_type = choose_encoder(accept)
    return encode(whole), content_type


class _ReadNow(Collector):
    """What was read for one page."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Family]:
        yield from self._families


@cache
def _version() -> str:
    """The version that pyproject.toml names; unknown where the file was not deployed."""
    try:
        project: dict[str, Any] = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    except OSError:
        return "unknown"
    return str(project["project"]["version"])
