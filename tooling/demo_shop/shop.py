"""The demo shop's page and server, in the role of the ERP.

The server stores orders and issues short-lived tokens for the customer. It asks Paydesk whether an order is paid, as an
ERP must, because a browser's word is no proof. Only `make run` serves the shop (``tooling.demo_shop.wsgi``).
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pymongo
import requests
from flask import Blueprint, Flask, Response, abort, current_app, request, send_from_directory

from app.cli.tokens import issue_token
from app.domain.permissions import Scope
from config import Settings
from tooling.frontend import DEMO

STRIPE_JS = "https://js.stripe.com"
TOKEN_LIFETIME = timedelta(minutes=15)
# The products: a name and a price, in currencies with two, no and three decimals.
PRODUCTS = {
    "chair": ("Oak chair", Decimal("99.99"), "usd"),
    "lantern": ("Paper lantern", Decimal(4800), "jpy"),
    "lamp": ("Brass lamp", Decimal("12.340"), "kwd"),
}
CUSTOMER = {"id": "customer-77", "name": "Jo Fischer"}
MAX_PIECES = 20
_PAGE_SIZE = 50
_YEAR_SECONDS = 31_536_000

blueprint = Blueprint("demo_shop", __name__)


def create(settings: Settings) -> Flask:
    """The shop as a WSGI application, to be mounted below a path."""
    shop = Flask(__name__, static_folder=None)
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(settings.mongodb_uri, connect=False)
    shop.extensions["paydesk"] = settings
    shop.extensions["orders"] = client.get_default_database("paydesk")["demo_orders"]
    shop.register_blueprint(blueprint)
    shop.after_request(_secure)
    return shop


@blueprint.get("/")
def page() -> Response:
    """The page. It loads Stripe.js from the sandbox where Paydesk uses the sandbox."""
    html = (DEMO / "index.html").read_text("utf-8").replace(STRIPE_JS, _stripe_js())
    return Response(html, mimetype="text/html", headers={"Cache-Control": "no-store"})


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """A built file. Its name changes with its content, so browsers may cache it for a year."""
    return send_from_directory(DEMO / "assets", name, max_age=_YEAR_SECONDS)


@blueprint.get("/shop/products")
def products() -> list[dict[str, str]]:
    return [
        {"id": name, "name": title, "price": str(price), "currency": currency}
        for name, (title, price, currency) in PRODUCTS.items()
    ]


@blueprint.get("/shop/orders")
def orders() -> list[dict[str, Any]]:
    """The latest orders, newest first."""
    return [_view(order) for order in _orders().find().sort("_id", -1).limit(_PAGE_SIZE)]


@blueprint.post("/shop/orders")
def create_order() -> tuple[dict[str, Any], int]:
    """Place an order: ``{"product", "pieces"}``."""
    match request.get_json():
        case {"product": str(product), "pieces": int(pieces)} if product in PRODUCTS and 1 <= pieces <= MAX_PIECES:
            title, price, currency = PRODUCTS[product]
        case _:
            abort(422)
    order = {
        "_id": f"SO-{_orders().estimated_document_count() + 10_001}-{secrets.token_hex(2)}",
        "description": f"{pieces} × {title}",
        "amount": str(price * pieces),
        "currency": currency,
    }
    _orders().insert_one(order)
    return _view(order), 201


@blueprint.get("/shop/orders/<order_id>")
def show_order(order_id: str) -> dict[str, Any]:
    """One order, and whether it is paid according to Paydesk."""
    order = _orders().find_one({"_id": order_id})
    if order is None:
        abort(404)
    return {**_view(order), "paid": _is_paid(order)}


@blueprint.post("/shop/token")
def token() -> dict[str, str]:
    """A token for the signed-in customer, as the ERP's server issues it. It reaches no other customer's payments."""
    return {"token": _token([Scope.PAYMENTS_READ, Scope.PAYMENTS_WRITE], CUSTOMER["id"])}


def _is_paid(order: dict[str, Any]) -> bool:
    bearer = {"Authorization": f"Bearer {_token([Scope.PAYMENTS_READ], None)}"}
    query = {"order_id": order["_id"], "status": "completed", "currency": order["currency"]}
    url = f"http://127.0.0.1:{_settings().port}/api/v1/payments"
    response = requests.get(url, params=query, headers=bearer, timeout=10)
    response.raise_for_status()
    payments = response.json(parse_float=Decimal)["data"]
    return any(
        payment["amount"] == Decimal(order["amount"]) and payment["refund_status"] != "full" for payment in payments
    )


def _view(order: dict[str, Any]) -> dict[str, Any]:
    names = ("description", "amount", "currency")
    return {"id": order["_id"], "customer": CUSTOMER, **{name: order[name] for name in names}}


def _token(scopes: list[Scope], customer_id: str | None) -> str:
    return issue_token(_settings(), "demo-shop", scopes, customer_id, TOKEN_LIFETIME)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["paydesk"]
    return settings


def _orders() -> pymongo.collection.Collection[dict[str, Any]]:
    collection: pymongo.collection.Collection[dict[str, Any]] = current_app.extensions["orders"]
    return collection


def _stripe_js() -> str:
    return _settings().stripe_api_base or STRIPE_JS


def _secure(response: Response) -> Response:
    """Set the policy of frontend/README.md: Stripe.js, its frames and its API, and no other foreign origin."""
    stripe = _stripe_js()
    if stripe == STRIPE_JS:
        stripe = f"{STRIPE_JS} https://*.js.stripe.com"
        frames, api, images = (f"{stripe} https://hooks.stripe.com", "https://api.stripe.com", "https://*.stripe.com")
    else:
        frames, api, images = stripe, "", ""
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {stripe}; frame-src {frames}; connect-src 'self' {api}; "
        # Mantine writes its theme into a style element, so inline styles are allowed.
        f"style-src 'self' 'unsafe-inline'; img-src 'self' data: {images}; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
