"""/v1/reviews. Source: docs.stripe.com/api/radar/reviews; facts §15."""

from __future__ import annotations

from sandbox.behaviour import radar, radar_rendering
from sandbox.core.call import Call
from sandbox.core.errors import StripeError
from sandbox.core.lists import list_page
from sandbox.core.records import Json


def retrieve(call: Call) -> Json:
    return radar_rendering.review(call.store.reviews.require(call.object_id, param="review"))


def list_reviews(call: Call) -> Json:
    return list_page(call, "/v1/reviews", call.store.reviews, radar_rendering.review)


def approve(call: Call) -> Json:
    """POST /v1/reviews/{id}/approve: closes an open review and changes nothing about the payment."""
    review = call.store.reviews.require(call.object_id, param="review")
    if review.closed_reason is not None:
        raise StripeError(400, f"Review {review.id} is already closed.", param="review")
    radar.close_review(call.sandbox, review, "approved", call.origin)
    return radar_rendering.review(review)
