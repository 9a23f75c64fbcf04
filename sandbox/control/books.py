"""The books: the totals of every intent, computed from the objects alone, as a second opinion."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from sandbox.core.records import Intent
from sandbox.core.store import Store

_BATCH = 500


def totals(store: Store, intent: Intent) -> dict[str, Any]:
    """One intent's totals in minor units. Refunds exclude released holds; both count only succeeded ones."""
    refunds = store.refunds.matching("payment_intent", intent.id)
    charges = store.charges.matching("payment_intent", intent.id)
    disputes = store.disputes.matching("payment_intent", intent.id)
    return {
        "id": intent.id,
        "created": intent.created,
        "status": intent.status,
        "currency": intent.currency,
        "amount": intent.amount,
        "amount_captured": intent.amount_received,
        "refunded": sum(refund.amount for refund in refunds if refund.status == "succeeded" and not refund.release),
        "refund_pending": sum(refund.amount for refund in refunds if refund.status == "pending"),
        # From the charges, because newer API versions make no Refund for it.
        "released": sum(charge.amount - charge.amount_captured for charge in charges if charge.status == "succeeded")
        if intent.status in ("succeeded", "canceled")
        else 0,
        "refunds": sum(not refund.release for refund in refunds),
        "charges": len(charges),
        "failed_charges": sum(charge.status == "failed" for charge in charges),
        "disputes": len(disputes),
        "metadata": intent.metadata,
    }


async def stream(store: Store, request: web.Request) -> web.StreamResponse:
    """``{"data": [totals, …], "next": n}``, oldest first: all in one stream, or one page with ``limit``.

    ``next`` is the ``after`` of the following page; it is null on the last one.
    """
    intents = store.intents
    start = int(request.query.get("after", "0"))
    end = start + int(request.query.get("limit", len(intents)))
    keys = intents.all.keys[start:end]
    following = json.dumps(end if end < len(intents) else None)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"data": [')
    for at in range(0, len(keys), _BATCH):
        batch = [json.dumps(totals(store, intents.by_id[key[2]])) for key in keys[at : at + _BATCH]]
        await response.write(((", " if at else "") + ", ".join(batch)).encode())
    await response.write(f'], "next": {following}}}'.encode())
    await response.write_eof()
    return response
