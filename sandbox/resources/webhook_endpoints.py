"""/v1/webhook_endpoints. Source: docs.stripe.com/api/webhook_endpoints; facts §2, §16."""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox.core import metadata
from sandbox.core.call import Call
from sandbox.core.errors import invalid
from sandbox.core.lists import list_page
from sandbox.core.records import Endpoint, Json
from sandbox.versions import names
from sandbox.versions.event_names import known
from sandbox.webhooks import rendering

# Two copies of Stripe's limit disagree (16 and 100); this is the one of its own page (facts §16).
MAX_ENDPOINTS = 16


def create(call: Call) -> Json:
    """POST /v1/webhook_endpoints: only this response shows its secret, and no later call changes its version."""
    store, params = call.store, call.params
    version = params.get("api_version")
    if version is not None:
        names.check(version, param="api_version")
    _check_url(params["url"])
    check_events(params["enabled_events"], version or call.sandbox.settings.api_version)
    if len(store.endpoints) >= MAX_ENDPOINTS:
        raise invalid(f"You have reached the maximum of {MAX_ENDPOINTS} test webhook endpoints.")
    endpoint = Endpoint(
        **store.header("we"),
        url=params["url"],
        secrets=[f"whsec_{store.token(32)}"],
        enabled_events=params["enabled_events"],
        api_version=version,
        connect=params.get("connect", False),
        description=params.get("description"),
        metadata=metadata.merged({}, params.get("metadata", {})),
    )
    store.insert(store.endpoints, endpoint)
    return rendering.webhook_endpoint(endpoint, with_secret=True)


def retrieve(call: Call) -> Json:
    return rendering.webhook_endpoint(_find(call))


def update(call: Call) -> Json:
    """POST /v1/webhook_endpoints/{id}: neither ``api_version`` nor ``connect`` is a parameter."""
    endpoint, params = _find(call), call.params
    if "url" in params:
        _check_url(params["url"])
    if "enabled_events" in params:
        check_events(params["enabled_events"], endpoint.api_version or call.sandbox.settings.api_version)
    for name in ("url", "enabled_events", "description"):
        if name in params:
            setattr(endpoint, name, params[name])
    if "disabled" in params:
        endpoint.enabled = not params["disabled"]
    if "metadata" in params:
        endpoint.metadata = metadata.merged(endpoint.metadata, params["metadata"])
    call.store.save(endpoint)
    return rendering.webhook_endpoint(endpoint)


def delete(call: Call) -> Json:
    """DELETE /v1/webhook_endpoints/{id}; deliveries that wait for another try end."""
    endpoint = _find(call)
    call.store.endpoints.remove(endpoint)
    call.store.drop(endpoint.KIND, endpoint.id)
    return {"id": endpoint.id, "object": "webhook_endpoint", "deleted": True}


def list_endpoints(call: Call) -> Json:
    return list_page(call, "/v1/webhook_endpoints", call.store.endpoints, rendering.webhook_endpoint)


def _find(call: Call) -> Endpoint:
    return call.store.endpoints.require(call.object_id, param="webhook_endpoint")


def _check_url(url: str) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.", param="url", code="url_invalid"
        )


def check_events(enabled: list[str], version: str) -> None:
    """Names of this version, or ``*`` alone; a pattern such as ``charge.*`` is no name. Raises a 400 for others."""
    if not enabled:
        raise invalid("Invalid array: enabled_events must not be empty.", param="enabled_events")
    if "*" in enabled and len(enabled) > 1:
        raise invalid("Invalid enabled_events: '*' selects every event and must stand alone.", param="enabled_events")
    names_of_version = known(version)
    for number, name in enumerate(enabled):
        if name != "*" and name not in names_of_version:
            path = f"enabled_events[{number}]"
            # Stripe lists all of them here.
            first = ", ".join(["*", *sorted(names_of_version)][:3])
            raise invalid(f"Invalid {path}: must be one of {first}, …", param=path)
