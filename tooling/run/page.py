"""The text that `make run` prints when everything is up."""

from __future__ import annotations

from dataclasses import dataclass

_RULE = "─" * 78
_FLASK = ".venv/bin/flask"


@dataclass(frozen=True, slots=True)
class Login:
    """An account to sign in with."""

    email: str
    role: str
    password: str


def render(base: str, sandbox: str | None, logins: list[Login], token: str | None, *, demo: bool = False) -> str:
    addresses = [
        ("Dashboard", f"{base}/login"),
        ("API", f"{base}/api/v1"),
        ("API documentation", f"{base}/api/docs"),
        ("Health", f"{base}/healthz"),
    ]
    if demo:
        addresses.append(("Demo shop (React)", f"{base}/demo/"))
    if sandbox is not None:
        addresses.append(("Stripe sandbox", f"{sandbox}/_sandbox/"))
    parts = [["Paydesk is running. Ctrl-C stops it; the data stays in .data."], _columns(addresses)]
    if logins:
        width = max(len(login.email) for login in logins)
        rows = [(login.role.capitalize(), f"{login.email.ljust(width)}  {login.password}") for login in logins]
        parts.append(["Sign in as", *_columns(rows)])
    else:
        parts.append(
            [
                "MONGODB_URI names the database, so no login was created in it. Create one:",
                f"  {_FLASK} users create EMAIL --role admin",
            ]
        )
    if token is not None:
        parts.append(["Bearer token (12 hours)", f"  export TOKEN={token}"])
        parts.append(["Try it", *_curl(base)])
    else:
        parts.append(["Bearer tokens come from the provider behind AUTH_JWKS_URL."])
    parts.append(["Commands in another terminal talk to this Paydesk", f"  {_FLASK} --help"])
    return "\n".join(["", _RULE, "\n\n".join("\n".join(part) for part in parts), _RULE])


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"  {name.ljust(width)}  {value}" for name, value in rows]


def _curl(base: str) -> list[str]:
    return [
        f"  curl -s {base}/api/v1/payments/stripe/create-intent \\",
        '    -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\',
        """    -d '{"order_id": "order-1", "customer_id": "customer-1", "amount": 99.99}'""",
    ]
