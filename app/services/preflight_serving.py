"""What of the production checklist shows from outside: https, the alerts that Prometheus holds, the shared counts."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from app.services.preflight import Check, Verdict, fail, ok, warn

_SECONDS = 10
_MOST_BYTES = 8 * 1024 * 1024
_ALERTS = "Paydesk"
_UNREACHED = (urllib.error.URLError, HTTPException, OSError, ValueError)


def checks(
    *, url: str | None, prometheus: str | None, counts_are_reachable: Callable[[], bool], counted_in: str
) -> list[Check]:
    """``url`` is where the service is reached from outside; ``counted_in`` names what keeps the rate limits."""
    return [
        Check("https", lambda: https(url), "Look at the address."),
        Check("rate_limits", lambda: rate_limits(counts_are_reachable, counted_in), f"Look at {counted_in}."),
        Check("alerts", lambda: alerts(prometheus), "Look at the address of Prometheus."),
    ]


def https(url: str | None) -> Verdict:
    """The service is reached by https and knows it, and so believes the proxy of the client's address as well.

    Its word is taken and not a header's, which a proxy may have added.
    """
    if url is None:
        return warn(
            "Whether the service is reached by https cannot be seen without its address.",
            "Give it: --url https://pay.example.com",
        )
    if urlsplit(url).scheme != "https":
        return fail(f"{url} is not https.", "Put a proxy with a certificate in front (docs/deploy.md).")
    try:
        with _open(f"{url.rstrip('/')}/healthz") as answer:
            knows = json.loads(answer.read(_MOST_BYTES)).get("scheme") == "https"
    except _UNREACHED as error:
        return fail(f"{url} cannot be reached ({_reason(error)}).", "Look at the proxy and its certificate.")
    if not knows:
        return fail(
            "The service is reached by https but takes requests for http: it does not believe the proxy, so all "
            "clients have one address and share its limits.",
            "Set PROXY_HOPS to the number of proxies, and let the nearest set X-Forwarded-Proto.",
        )
    return ok(
        f"{url} is https, and the service knows it: browsers stay with https, and clients have addresses of their own."
    )


def rate_limits(are_reachable: Callable[[], bool], counted_in: str) -> Verdict:
    """Every node counts in one place."""
    if are_reachable():
        return ok(f"Rate limits are counted in {counted_in}, for all nodes together.")
    return fail(
        f"{counted_in} cannot be reached, so each process counts by itself and limits are as many times higher.",
        "Look at REDIS_URL, or leave it empty to count in MongoDB.",
    )


def alerts(prometheus: str | None) -> Verdict:
    """Somebody is told when something goes wrong."""
    if prometheus is None:
        return warn(
            "Whether the alert rules are loaded cannot be seen without the address of Prometheus.",
            "Load monitoring/rules, and give the address: --prometheus http://prometheus:9090",
        )
    try:
        rules = _read(f"{prometheus.rstrip('/')}/api/v1/rules?type=alert")
        managers = _read(f"{prometheus.rstrip('/')}/api/v1/alertmanagers")
    except _UNREACHED as error:
        return fail(f"{prometheus} cannot be asked ({_reason(error)}).", "Look at the address of Prometheus.")
    ours = [
        rule
        for group in rules["groups"]
        for rule in group["rules"]
        if str(rule.get("name", "")).startswith(_ALERTS)
    ]
    if not ours:
        return fail("Prometheus holds no alert rule of Paydesk.", "Add monitoring/rules to its rule_files.")
    broken = [str(rule["name"]) for rule in ours if rule.get("health") == "err"]
    if broken:
        return fail(f"Alert rules with errors: {', '.join(broken)}.", "Look at Prometheus > Rules.")
    if not managers["activeAlertmanagers"]:
        return warn(
            f"{len(ours)} alert rules are loaded, but no Alertmanager gets what they find.",
            "Name one in prometheus.yml, so that somebody is told.",
        )
    return ok(f"{len(ours)} alert rules are loaded, and an Alertmanager gets what they find.")


def _open(url: str) -> Any:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError("not an http address")
    return urllib.request.urlopen(url, timeout=_SECONDS)  # noqa: S310 (the scheme is checked)


def _read(url: str) -> dict[str, Any]:
    with _open(url) as answer:
        found: dict[str, Any] = json.loads(answer.read(_MOST_BYTES))["data"]
    return found


def _reason(error: Exception) -> str:
    return str(error.reason) if isinstance(error, urllib.error.URLError) else type(error).__name__
