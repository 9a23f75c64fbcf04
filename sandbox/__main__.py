"""``python -m sandbox --port 12111``: run the sandbox until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web

from sandbox.core.settings import Settings
from sandbox.server import build


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description="A local stand-in for Stripe.")
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free port (default: 12111)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--data", type=Path, help="file that keeps the state over a restart (default: memory only)"
    )
    parser.add_argument("--webhook-url", help="where events are sent")
    parser.add_argument("--webhook-secret", help="whsec_… that signs them; several with commas while rolling")
    parser.add_argument("--api-version", default="2023-10-16", help="version that events are labelled with")
    parser.add_argument("--secret-key", help="the only key accepted (default: any sk_test_…)")
    parser.add_argument("--seed", type=int, help="makes ids the same in every run")
    given = parser.parse_args()
    if bool(given.webhook_url) != bool(given.webhook_secret):
        parser.error("--webhook-url and --webhook-secret go together")
    return given


async def _serve(given: argparse.Namespace) -> None:
    settings = Settings(api_version=given.api_version, secret_key=given.secret_key)
    webhook = (given.webhook_url, given.webhook_secret.split(",")) if given.webhook_url else None
    app = build(settings, seed=given.seed, data=given.data, webhook=webhook)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, given.host, given.port, backlog=1024)
    await site.start()
    port = runner.addresses[0][1]
    print(f"sandbox listening on http://{given.host}:{port}", flush=True)
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await stopped.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
