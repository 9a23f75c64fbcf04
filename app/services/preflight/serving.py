"""The checks of the production checklist from outside: https, Prometheus and its alerts, the shared rate limits."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from app.services.preflight.runner import Check, Verdict, fail, ok, warn

_SECONDS = 10
_MOST_BYTES = 8 * 1024 * 1024
# The rules that this version comes with; alerts read what the others record.
_RULES = Path(__file__).parents[3] / "monitoring" / "rules"
_RULE_NAME = re.compile(r"^\s*- (?:alert|record): (\S+)", re.MULTILINE)
_SCRAPED = 'up{job="paydesk"}'
_MANAGER_TAKES_ALERTS = "/api/v2/alerts"
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
    """The service is reached by https and knows it, so it also trusts the proxy about the client's address.

    The service itself says so: a header may have been added by a proxy.
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
    """Alerts reach people: rules are loaded and work, nodes are scraped, an Alertmanager takes alerts."""
    if prometheus is None:
        return warn(
            "Whether the alert rules are loaded cannot be seen without the address of Prometheus.",
            "Load monitoring/rules, and give the address: --prometheus http://prometheus:9090",
        )
    api = f"{prometheus.rstrip('/')}/api/v1"
    try:
        held = [rule for group in _read(f"{api}/rules")["groups"] for rule in group["rules"]]
        scraped = _read(f"{api}/query?query={quote(_SCRAPED)}")["result"]
        managers = [str(each["url"]) for each in _read(f"{api}/alertmanagers")["activeAlertmanagers"]]
    except _UNREACHED as error:
        return fail(f"{prometheus} cannot be asked ({_reason(error)}).", "Look at the address of Prometheus.")
    return _rules(held) or _scrapes(scraped) or _managers(managers) or ok("Rules, scrapes and Alertmanager work.")


def _rules(held: list[dict[str, Any]]) -> Verdict | None:
    ours = {name for file in _RULES.iterdir() for name in _RULE_NAME.findall(file.read_text("utf-8"))}
    lacking = ours - {rule["name"] for rule in held}
    if lacking:
        return fail(
            f"Prometheus lacks {len(lacking)} of {len(ours)} rules: {', '.join(sorted(lacking))}.",
            "Add every file of monitoring/rules to its rule_files.",
        )
    broken = {rule["name"] for rule in held if rule["name"] in ours and rule["health"] == "err"}
    if broken:
        return fail(f"Rules with errors: {', '.join(sorted(broken))}.", "Look at Prometheus > Rules.")
    return None


def _scrapes(samples: list[dict[str, Any]]) -> Verdict | None:
    if not samples:
        return fail(
            "Prometheus scrapes no job paydesk, so no alert can fire but that of its absence.",
            "Name the nodes in monitoring/targets/paydesk.yml, under the job paydesk.",
        )
    down = [str(sample["metric"].get("instance")) for sample in samples if float(sample["value"][1]) != 1]
    if down:
        return fail(
            f"Prometheus cannot scrape {', '.join(sorted(down))}.",
            "Look at Prometheus > Targets; 401 there is METRICS_TOKEN.",
        )
    return None


def _managers(urls: list[str]) -> Verdict | None:
    if not urls:
        return warn(
            "No Alertmanager gets what the rules find.", "Name one in prometheus.yml, so that people are notified."
        )
    for url in urls:
        base = url.removesuffix(_MANAGER_TAKES_ALERTS)
        try:
            _open(f"{base}/-/healthy").close()
        except _UNREACHED as error:
            return warn(
                f"The Alertmanager {base} does not answer from here ({_reason(error)}).",
                "Look whether it runs, and have an alert sent; Prometheus may reach it where this machine does not.",
            )
    return None


def _open(url: str) -> Any:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError("not an http address")
    return urllib.request.urlopen(url, timeout=_SECONDS)  # noqa: S310 (the scheme is checked)


def _read(url: str) -> dict[str, Any]:
    with _open(url) as answer:
        data: dict[str, Any] = json.loads(answer.read(_MOST_BYTES))["data"]
    return data


def _reason(error: Exception) -> str:
    return str(error.reason) if isinstance(error, urllib.error.URLError) else type(error).__name__
