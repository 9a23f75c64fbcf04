"""The least that a webhook receiver can do, as a yardstick: check the signature and make two durable writes.

It stores the event and updates the payment, both acknowledged by a majority with journal, and nothing else: no
duplicates, no order, no history. Run under gunicorn with the same settings as the service.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from pymongo import MongoClient

_SECRET = os.environ["STRIPE_WEBHOOK_SECRET"].encode()
_database = MongoClient[dict[str, Any]](
    os.environ["MONGODB_URI"], w="majority", journal=True, maxPoolSize=128
).get_default_database()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application of one route."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    signature = dict(
        part.split("=", 1) for part in environ.get("HTTP_STRIPE_SIGNATURE", "t=0,v1=").split(",")
    )
    expected = hmac.new(_SECRET, f"{signature['t']}.".encode() + body, hashlib.sha256).hexdigest()
    fresh = abs(time.time() - int(signature["t"])) < 300
    if not (fresh and hmac.compare_digest(expected, signature["v1"])):
        start_response("400 Bad Request", [])
        return [b""]
    event = json.loads(body)
    target = event["data"]["object"]
    _database.webhook_events.insert_one({"_id": event["id"], "payload": event})
    _database.payments.update_one(
        {"payment_intent_id": target["payment_intent"]}, {"$set": {"status": target["status"]}}
    )
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"received": true}']
