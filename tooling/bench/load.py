"""A load generator that keeps a fixed number of requests in flight and records every latency.

It runs in one asyncio loop on aiohttp, because that costs the machine the least.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from tooling.bench.report import percentile


@dataclass(frozen=True, slots=True)
class Request:
    """One request to send, with its raw ``body``."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Result:
    """The result of a round. ``latencies`` are seconds, in order of completion. ``seconds`` is the whole round."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """A latency in milliseconds; ``share`` between 0 and 1."""
        return percentile(self.latencies, share) * 1000

    def expect(self, status: int) -> None:
        """Raise RuntimeError unless every request was answered with ``status``."""
        if set(self.statuses) != {status}:
            raise RuntimeError(f"The benchmark's requests were answered {dict(self.statuses)}.")

    @property
    def median(self) -> float:
        return statistics.median(self.latencies) * 1000


def run(requests: Sequence[Request], *, in_flight: int, keep_bodies: bool = False) -> Result:
    """Send all ``requests``, ``in_flight`` at a time, over connections that are kept alive."""
    return asyncio.run(_run(requests, in_flight, keep_bodies))


async def _run(requests: Sequence[Request], in_flight: int, keep_bodies: bool) -> Result:
    result = Result(0.0)
    queue = iter(requests)

    async def worker(session: aiohttp.ClientSession) -> None:
        for request in queue:
            started = time.perf_counter()
            async with session.request(
                request.method, request.url, headers=request.headers, data=request.body
            ) as response:
                body = await response.read()
            result.latencies.append(time.perf_counter() - started)
            result.statuses[response.status] += 1
            if keep_bodies:
                result.bodies.append(body)

    connector = aiohttp.TCPConnector(limit=in_flight)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        started = time.perf_counter()
        await asyncio.gather(*(worker(session) for _ in range(in_flight)))
        result.seconds = time.perf_counter() - started
    return result
