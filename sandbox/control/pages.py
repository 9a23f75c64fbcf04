"""The sandbox's own pages, for people: the overview, the latest payments, the bank's 3-D Secure challenge."""

from __future__ import annotations

import html

from sandbox.core import money
from sandbox.core.records import Intent
from sandbox.core.sandbox import Sandbox

_LATEST = 30
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;border-bottom:1px solid #ccc;text-align:left}"
    "button{padding:.4rem .8rem;margin:0 .5rem .5rem 0}code{background:#f3f3f3;padding:0 .2rem}"
)
_PAY = (
    "async function pay(id, card) { await fetch('/_sandbox/payment_intents/' + id + '/pay', "
    "{method: 'POST', body: JSON.stringify({card})}); location.reload(); }"
)
# In the dialog of Stripe.js, Escape and the dialog's message press the Cancel button. The message has no secret.
_CANCEL = (
    "const cancel = () => document.getElementById('cancel').click();"
    "addEventListener('keydown', (event) => event.key === 'Escape' && parent !== window && cancel());"
    "addEventListener('message', (event) => event.source === parent && event.data === 'three_d_secure_cancel' && "
    "cancel());"
)
_NOTIFY_DIALOG = "if (parent !== window) parent.postMessage('three_d_secure_answered', '*');"


def _layout(content: str) -> str:
    """A page with some HTML as its content."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Stripe sandbox</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style><body>{content}</body></html>"
    )


def overview(sandbox: Sandbox) -> str:
    """The endpoints, the latest payments, and buttons that pay them."""
    store = sandbox.store
    rows = []
    for key in store.intents.all.keys[: -_LATEST - 1 : -1]:
        intent = store.intents.by_id[key[2]]
        payable = intent.status in ("requires_payment_method", "requires_confirmation")
        buttons = _buttons(intent) if payable else ""
        if intent.status == "requires_action":
            buttons = f'<a href="/_sandbox/three_d_secure/{intent.id}">complete 3-D Secure</a>'
        order = html.escape(intent.metadata.get("order_id", ""))
        amount = html.escape(money.formatted(intent.amount, intent.currency))
        rows.append(
            f"<tr><td><code>{intent.id}</code></td><td>{order}</td><td>{amount}</td>"
            f"<td>{intent.status}</td><td>{buttons}</td></tr>"
        )
    return _layout(
        "<h1>Stripe sandbox</h1><p>The API is at <code>/v1</code> with any key <code>sk_test_…</code>. The controls "
        "are JSON endpoints under <code>/_sandbox/</code>; <code>sandbox/README.md</code> lists them. "
        '<a href="/_sandbox/health">health</a> · <a href="/_sandbox/requests">requests</a> · '
        '<a href="/_sandbox/webhooks">webhooks</a> · <a href="/_sandbox/webhooks/deliveries">deliveries</a> · '
        '<a href="/_sandbox/faults">faults</a> · <a href="/_sandbox/books">books</a></p>'
        "<h2>Latest payments</h2><table><tr><th>Intent</th><th>Order</th><th>Amount</th><th>Status</th><th></th></tr>"
        f"{''.join(rows)}</table><script>{_PAY}</script>"
    )


def _buttons(intent: Intent) -> str:
    cards = (("pay", "4242424242424242"), ("decline", "4000000000000002"))
    return "".join(f"<button onclick=\"pay('{intent.id}', '{number}')\">{label}</button>" for label, number in cards)


def challenge(intent: Intent) -> str:
    """The bank's challenge to the customer."""
    amount = html.escape(money.formatted(intent.amount, intent.currency))
    return _layout(
        f"<h1>3-D Secure</h1><p>Your bank asks: do you want to pay {amount}?</p><form method='post'>"
        "<button name='outcome' value='complete'>Complete authentication</button>"
        "<button name='outcome' value='fail'>Fail authentication</button>"
        f"<button name='outcome' value='cancel' id='cancel'>Cancel</button></form><script>{_CANCEL}</script>"
    )


def challenge_done(intent: Intent) -> str:
    """The page after the challenge, or without an open one. The dialog of Stripe.js does not display it."""
    status = html.escape(intent.status)
    return _layout(f"<p>Thank you. The payment is {status}.</p><script>{_NOTIFY_DIALOG}</script>")
