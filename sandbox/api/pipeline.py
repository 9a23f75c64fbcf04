"""How a request to /v1 becomes an answer: key, route, parameters, idempotency, faults, expansion, headers.

Sources: docs.stripe.com/api/authentication, /idempotent_requests, /error-low-level; facts §3, §9, §10.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.api import expansion, forms, params, routes
from sandbox.api.faults import Fault, Faults
from sandbox.api.idempotency import IdempotencyKeys, fingerprint
from sandbox.api.request_log import Entry, RequestLog, without_secrets
from sandbox.api.routes import Route
from sandbox.behaviour import rendering
from sandbox.core.call import Call
from sandbox.core.errors import StripeError, invalid
from sandbox.core.origin import Origin
from sandbox.core.records import Json
from sandbox.core.sandbox import Sandbox

logger = logging.getLogger("sandbox")
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, PATCH, POST, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type, idempotency-key, stripe-version",
    "Access-Control-Expose-Headers": "Request-Id, Stripe-Version",
}


@dataclass(slots=True)
class Answer:
    """What goes back, and whether it is kept under the idempotency key."""

    status: int
    text: str
    stored: bool = True
    headers: dict[str, str] = field(default_factory=dict)


class Api:
    """Answers every request under /v1."""

    def __init__(self, sandbox: Sandbox, faults: Faults, log: RequestLog) -> None:
        self._sandbox = sandbox
        self._faults = faults
        self._log = log
        self.keys = IdempotencyKeys(sandbox.store)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of every address under /v1."""
        if request.method == "OPTIONS":
            asked = request.headers.get("Access-Control-Request-Method", "")
            return web.Response(status=204, headers=_cors(asked, request.path))
        request_id = f"req_{self._sandbox.store.token(14)}"
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        version = request.headers.get("Stripe-Version")
        entry = self._log.add(Entry(request_id, request.method, request.path, key, version))
        fault = self._faults.pick(request.method, request.path)
        entry.fault = fault.effect if fault else None
        try:
            answer = await self._answer(request, entry, fault)
        except StripeError as error:
            answer = _of_error(error, request_id)
            entry.error_code = error.code
        except web.HTTPException:
            raise
        except Exception:
            logger.exception("%s %s", request.method, request.path)
            answer = _of_error(StripeError(500, "An unknown error occurred.", kind="api_error"), request_id)
        entry.status = answer.status
        if fault is not None and fault.effect in ("answer_lost", "garbage", "hang"):
            return await self._spoil(request, fault)
        headers = {
            **_cors(request.method, request.path),
            **answer.headers,
            "Request-Id": request_id,
            "Stripe-Version": version or self._sandbox.settings.api_version,
        }
        if key:
            headers["Idempotency-Key"] = key
        return web.Response(
            body=answer.text.encode(), status=answer.status, content_type="application/json", headers=headers
        )

    async def _spoil(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        """The way back goes wrong: nonsense, silence, or a closed connection."""
        if fault.effect == "garbage":
            text = "<html><body><h1>502 Bad Gateway</h1></body></html>"
            return web.Response(text=text, status=fault.status, content_type="text/html")
        if fault.effect == "hang":
            await self._faults.hang(fault)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _answer(self, request: web.Request, entry: Entry, fault: Fault | None) -> Answer:
        given = forms.decode(request.query_string)
        if request.method != "GET" and request.can_read_body:
            given.update(forms.decode(_text(await request.read())))
        entry.params = without_secrets({name: value for name, value in given.items() if name != "key"})
        publishable = self._check_key(request, given.pop("key", None))
        found = routes.find(request.method, request.path)
        if found is None:
            raise StripeError(
                404,
                f"Unrecognized request URL ({request.method}: {request.path}). Please see "
                "https://stripe.com/docs or we can help at https://support.stripe.com/.",
                stored=False,
            )
        route, object_id = found
        if publishable and not route.publishable:
            raise StripeError(
                401,
                "This API call cannot be made with a publishable API key. Please use a secret API key. You can "
                "find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
                code="secret_key_required",
                stored=False,
            )
        call = Call(
            sandbox=self._sandbox,
            params=params.check(route.params, given),
            object_id=object_id,
            origin=Origin(entry.id, entry.idempotency_key),
            publishable=publishable,
            base_url=f"{request.scheme}://{request.host}",
        )
        paths: list[str] = call.params.get("expand", [])
        expansion.check(paths, route.answers, is_list=route.is_list)
        key = entry.idempotency_key
        if not key:
            return await self._work(route, call, paths, fault)
        return await self._work_once(
            route, call, paths, fault, key, fingerprint(request.method, request.path, given)
        )

    async def _work_once(
        self, route: Route, call: Call, paths: list[str], fault: Fault | None, key: str, asked: str
    ) -> Answer:
        known = self.keys.begin(key, asked)
        if known is not None:
            return Answer(known.status, known.body, headers={"Idempotent-Replayed": "true"})
        kept: tuple[int, str] | None = None
        try:
            answer = await self._work(route, call, paths, fault)
            if answer.stored:
                kept = (answer.status, answer.text)
            return answer
        except StripeError as error:
            if error.stored:
                answer = _of_error(error, call.origin.request_id or "")
                kept = (answer.status, answer.text)
            raise
        finally:
            self.keys.finish(key, asked, kept)

    async def _work(self, route: Route, call: Call, paths: list[str], fault: Fault | None) -> Answer:
        if self._sandbox.settings.latency_ms:
            await asyncio.sleep(self._sandbox.settings.latency_ms / 1000)
        if fault is not None:
            if fault.effect == "slow":
                await asyncio.sleep(fault.delay_ms / 1000)
            elif not fault.work:
                wrong = fault.error()
                if wrong is not None:
                    raise wrong
                return Answer(fault.status, "", stored=False)
        rendered = _handled(route, call, paths)
        wrong = fault.error() if fault is not None else None
        if wrong is not None:
            raise wrong
        return Answer(200, json.dumps(rendered))

    def _check_key(self, request: web.Request, in_form: Any) -> bool:
        """Whether the key is a publishable one. Raises 401 for none, a live one, or one that is not accepted."""
        key = _key_of(request.headers.get("Authorization")) or (in_form if isinstance(in_form, str) else None)
        if not key:
            raise _unauthorized(
                "You did not provide an API key. You need to provide your API key in the Authorization header, "
                "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
        wanted = self._sandbox.settings.secret_key
        secret = key == wanted if wanted else key.startswith(("sk_test_", "rk_test_"))
        if not secret and not key.startswith("pk_test_"):
            shown = f"{key[:8]}{'*' * max(len(key) - 12, 0)}{key[-4:]}" if len(key) > 12 else "*" * len(key)
            raise _unauthorized(f"Invalid API Key provided: {shown}")
        return not secret


def _handled(route: Route, call: Call, paths: list[str]) -> Json:
    """The object that the endpoint answers with; a browser sees only what a publishable key may read."""
    try:
        rendered = expansion.expand(route.handle(call), paths, call.store)
    except StripeError as error:
        if call.publishable:
            error.extra = rendering.public_parts(error.extra)
        raise
    return rendering.public(rendered) if call.publishable else rendered


def _cors(method: str, path: str) -> dict[str, str]:
    """Headers that let any page read the answer of an address that browsers may call."""
    found = routes.find(method, path)
    return _CORS if found and found[0].publishable else {}


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise invalid("Invalid request body: it is not UTF-8.") from error


def _key_of(header: str | None) -> str | None:
    """The key of a Bearer token, or the user name of Basic authentication."""
    kind, _, value = (header or "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("ascii").partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def _unauthorized(message: str) -> StripeError:
    return StripeError(401, message, stored=False)


def _of_error(error: StripeError, request_id: str) -> Answer:
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
    if error.should_retry is not None:
        headers["Stripe-Should-Retry"] = "true" if error.should_retry else "false"
    return Answer(error.status, json.dumps(error.body(request_id)), error.stored, headers)
