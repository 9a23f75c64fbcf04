"""``python -m sandbox --port 12111``: run the sandbox until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web

from sandbox.core.settings import Settings
from sandbox.server import build
from sandbox.versions.names import SERVED


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description="A local stand-in for Stripe.")
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free port (default: 12111)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", type=Path, help="file that keeps the state across restarts (default: memory only)")
    parser.add_argument("--webhook-url", help="URL that receives events")
    parser.add_argument("--webhook-secret", help="whsec_… that signs them; comma-separated during a rotation")
    parser.add_argument(
        "--api-version", default=SERVED[0], choices=SERVED, metavar="VERSION", help="the account's default version"
    )
    parser.add_argument("--secret-key", help="the only key accepted (default: any sk_test_…)")
    parser.add_argument("--seed", type=int, help="same ids in every run")
    arguments = parser.parse_args()
    if bool(arguments.webhook_url) != bool(arguments.webhook_secret):
        parser.error("--webhook-url and --webhook-secret go together")
    return arguments


async def _serve(arguments: argparse.Namespace) -> None:
    settings = Settings(api_version=arguments.api_version, secret_key=arguments.secret_key)
    webhook = (arguments.webhook_url, arguments.webhook_secret.split(",")) if arguments.webhook_url else None
    app = build(settings, seed=arguments.seed, data=arguments.data, webhook=webhook)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, arguments.host, arguments.port, backlog=1024)
    await site.start()
    port = runner.addresses[0][1]
    print(f"sandbox listening on http://{arguments.host}:{port}", flush=True)
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await stopped.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
