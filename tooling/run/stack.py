"""What `make run` starts, step by step, until the service answers.

MongoDB and Stripe are started here unless MONGODB_URI and STRIPE_SECRET_KEY name others. Secrets, logins, data and
logs stay in ``.data``.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from config import Settings
from tooling import frontend
from tooling.mongo.embedded import EmbeddedMongo
from tooling.process import port_is_free
from tooling.run import page
from tooling.run.env_files import DevEnv, RunEnv, configured, random_secret
from tooling.run.supervisor import MongoPart, PartFailed, Service, Supervisor, end_leftovers

DATA = Path(".data").resolve()
SANDBOX_PORT = 12111
READY_SECONDS = 60
SAMPLE_PAYMENTS = 60
SCOPES = "payments:read payments:write payments:refund metrics:read"
USERS = {"finance@example.com": "finance", "admin@example.com": "admin"}
PYTHON = sys.executable

# The processes of the Procfile, in the order of their start.
PROCESSES: dict[str, list[str]] = {
    "web": [PYTHON, "-m", "gunicorn", "{app}", "-c", "gunicorn.conf.py", "--bind", "127.0.0.1:{port}"],
    "worker": [PYTHON, "-m", "flask", "--app", "wsgi", "worker", "run"],
}


class Stack:
    """MongoDB, the Stripe sandbox and Paydesk, started one after the other."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.configured = configured(os.environ)
        self.dev = DevEnv(DATA / "dev.env")
        self.run_env = RunEnv(DATA / "run.env")
        self.env = dict(os.environ)
        self.sandbox_url: str | None = None
        self.mongo: EmbeddedMongo | None = None

    def up(self) -> None:
        """Start everything and print the page."""
        self._choose_secrets()
        end_leftovers(DATA)
        settings = Settings.from_env({**self.configured, **self.env})
        if not port_is_free(settings.port):
            raise PartFailed(
                f"Port {settings.port} is in use by another program. Stop it, or choose another: PORT=8080 make run"
            )
        self._start_mongo()
        self._start_sandbox(settings.port)
        self._flask("db", "indexes")
        demo = self._build_demo()
        self._start_processes(settings.port, "tooling.demo_shop.wsgi:app" if demo else "wsgi:app")
        self._publish_settings(settings.port)
        logins = self._create_logins()
        self._seed()
        token = self._token()
        base = f"http://127.0.0.1:{settings.port}"
        print(page.render(base, self.sandbox_url, logins, token, demo=demo), flush=True)

    def down(self) -> None:
        """Stop everything, the last part first."""
        self.run_env.remove()
        self.supervisor.stop(report)

    def _choose_secrets(self) -> None:
        self._default("SECRET_KEY", random_secret())
        if "AUTH_JWKS_URL" not in self.configured:
            self._default("AUTH_JWT_SECRET", random_secret())
        if "STRIPE_SECRET_KEY" not in self.configured:
            self._default("STRIPE_WEBHOOK_SECRET", random_secret("whsec_"))
            # With the sandbox both keys are ours, so that a real key from elsewhere is never used by mistake.
            self.env["STRIPE_SECRET_KEY"] = self.dev.get("SANDBOX_SECRET_KEY", random_secret("sk_test_"))
            self.env["STRIPE_PUBLISHABLE_KEY"] = self.dev.get("SANDBOX_PUBLISHABLE_KEY", random_secret("pk_test_"))

    def _default(self, name: str, generate: Callable[[], str]) -> None:
        self.env[name] = self.configured.get(name) or self.dev.get(name, generate)

    def _start_mongo(self) -> None:
        if "MONGODB_URI" in self.configured:
            report("Using the MongoDB of MONGODB_URI")
            return
        report("Starting MongoDB …")
        self.mongo = EmbeddedMongo(DATA / "mongo").start()
        self.supervisor.add(MongoPart(self.mongo))
        self.env["MONGODB_URI"] = self.mongo.uri

    def _start_sandbox(self, port: int) -> None:
        if "STRIPE_SECRET_KEY" in self.configured:
            report("Using the Stripe account of STRIPE_SECRET_KEY")
            return
        report("Starting the Stripe sandbox …")
        sandbox_port = next(n for n in range(SANDBOX_PORT, SANDBOX_PORT + 100) if port_is_free(n))
        command = [
            *(PYTHON, "-m", "sandbox", "--port", str(sandbox_port), "--data", str(DATA / "sandbox.sqlite")),
            *("--webhook-url", f"http://127.0.0.1:{port}/api/v1/payments/stripe/webhook"),
            *("--webhook-secret", self.env["STRIPE_WEBHOOK_SECRET"].split(",")[0].strip()),
        ]
        sandbox = Service("sandbox", command, {**self.env, "PYTHONUNBUFFERED": "1"}, DATA)
        self.supervisor.add(sandbox)
        ready = f"sandbox listening on http://127.0.0.1:{sandbox_port}"
        self.supervisor.wait_until(
            lambda: ready in sandbox.log.read_text("utf-8", "replace"), "The start of the sandbox", READY_SECONDS
        )
        self.sandbox_url = self.env["STRIPE_API_BASE"] = f"http://127.0.0.1:{sandbox_port}"

    def _build_demo(self) -> bool:
        """Return whether the demo shop can be served. If not, one line says why and the rest starts without it."""
        obstacle = frontend.missing()
        if obstacle is None and "AUTH_JWKS_URL" in self.configured:
            obstacle = "only the provider behind AUTH_JWKS_URL can issue tokens for it"
        if obstacle is None:
            report("Building the demo shop, if it changed …")
            try:
                frontend.build_demo()
            except frontend.FrontendFailed as error:
                obstacle = str(error)
        if obstacle is not None:
            report(f"No demo shop at /demo: {obstacle}")
        return obstacle is None

    def _start_processes(self, port: int, app: str) -> None:
        report("Starting Paydesk …")
        for name, command in PROCESSES.items():
            words = [word.format(port=port, app=app) for word in command]
            self.supervisor.add(Service(name, words, self.env, DATA))
        url = f"http://127.0.0.1:{port}/readyz"
        self.supervisor.wait_until(lambda: _is_ready(url), f"An answer of {url} (see .data/logs)", READY_SECONDS)

    def _publish_settings(self, port: int) -> None:
        """Let flask commands in another terminal talk to this Paydesk."""
        settings = {**self.configured, **self.env, "PORT": str(port)}
        names = [field.name.upper() for field in fields(Settings)]
        self.run_env.publish({name: settings[name] for name in names if settings.get(name)})

    def _create_logins(self) -> list[page.Login]:
        """Create accounts for a first look, in the embedded database only: another database belongs to others."""
        if self.mongo is None:
            return []
        logins = []
        for email, role in USERS.items():
            name = f"PASSWORD_{role.upper()}"
            created = self.mongo.dbpath / f"paydesk.user.{role}"
            has_password = self.dev.has(name)
            password = self.dev.get(name, lambda: secrets.token_urlsafe(12))
            if not created.exists():
                self._flask("users", "create", email, "--role", role, "--password-stdin", stdin=password)
                created.touch()
            elif not has_password:
                self._flask("users", "password", email, "--password-stdin", stdin=password)
            logins.append(page.Login(email, role, password))
        return logins

    def _seed(self) -> None:
        """Create sample payments once, and only where MongoDB and Stripe are both started here."""
        if self.mongo is None or self.sandbox_url is None:
            return
        seeded = self.mongo.dbpath / "paydesk.seeded"
        if not seeded.exists():
            report("Creating sample payments …")
            self._flask("demo", "seed", "--payments", str(SAMPLE_PAYMENTS), visible=True)
            seeded.touch()

    def _token(self) -> str | None:
        if "AUTH_JWKS_URL" in self.configured:
            return None
        issue = ("tokens", "issue", "--subject", "dev", "--scope", SCOPES, "--expires", "12h")
        return self._flask(*issue).strip()

    def _flask(self, *words: str, stdin: str = "", visible: bool = False) -> str:
        """Run a flask command and return its output, or let it print. Raises PartFailed with its messages."""
        self.supervisor.check()
        done = subprocess.run(
            [PYTHON, "-m", "flask", "--app", "wsgi", *words],
            env=self.env,
            input=stdin + "\n",
            stdout=None if visible else subprocess.PIPE,
            stderr=None if visible else subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            output = "." if visible else f":\n{done.stdout}{done.stderr}"
            raise PartFailed(f"`flask {' '.join(words)}` failed (exit code {done.returncode}){output}")
        return done.stdout or ""


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=3) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def report(text: str) -> None:
    """Print a line of progress at once, also where the output is a file."""
    print(text, flush=True)
