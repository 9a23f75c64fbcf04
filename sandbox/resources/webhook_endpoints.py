"""/v1/webhook_endpoints. Source: docs.stripe.com/api/webhook_endpoints; facts §2."""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox.core import metadata
from sandbox.core.call import Call
from sandbox.core.errors import invalid
from sandbox.core.lists import list_page
from sandbox.core.records import Endpoint, Json
from sandbox.webhooks import rendering


def create(call: Call) -> Json:
    """POST /v1/webhook_endpoints: only this response shows its secret."""
    store, params = call.store, call.params
    if urlsplit(params["url"]).scheme not in ("http", "https"):
        raise invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.", param="url", code="url_invalid"
        )
    if not params["enabled_events"]:
        raise invalid("Invalid array: enabled_events must not be empty.", param="enabled_events")
    endpoint = Endpoint(
        **store.header("we"),
        url=params["url"],
        secrets=[f"whsec_{store.token(32)}"],
        enabled_events=params["enabled_events"],
        api_version=params.get("api_version"),
        description=params.get("description"),
        metadata=metadata.merged({}, params.get("metadata", {})),
    )
    store.insert(store.endpoints, endpoint)
    return rendering.webhook_endpoint(endpoint, with_secret=True)


def list_endpoints(call: Call) -> Json:
    return list_page(call, "/v1/webhook_endpoints", call.store.endpoints, rendering.webhook_endpoint)
