"""The minimal webhook receiver, as a yardstick: it checks the signature and makes two durable writes.

It stores the event and updates the payment, both acknowledged by a majority with journal. It handles neither duplicates
nor order, and keeps no history. It runs under gunicorn with the same settings as the service.
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
    signature = dict(part.split("=", 1) for part in environ.get("HTTP_STRIPE_SIGNATURE", "t=0,v1=").split(","))
    expected = hmac.new(_SECRET, f"{signature['t']}.".encode() + body, hashlib.sha256).hexdigest()
    is_recent = abs(time.time() - int(signature["t"])) < 300
    if not (is_recent and hmac.compare_digest(expected, signature["v1"])):
        start_response("400 Bad Request", [])
        return [b""]
    event = json.loads(body)
    obj = event["data"]["object"]
    _database.webhook_events.insert_one({"_id": event["id"], "payload": event})
    _database.payments.update_one({"payment_intent_id": obj["payment_intent"]}, {"$set": {"status": obj["status"]}})
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"received": true}']
