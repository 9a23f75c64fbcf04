"""From a request under /v1 to its response, step by step.

Key, rate limit, route, permissions, parameters, idempotency, faults, expansion, headers.

Sources: docs.stripe.com/api/authentication, /idempotent_requests, /error-low-level; facts §3, §9, §10.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.api import api_keys, expansion, forms, params, permissions, routes
from sandbox.api.faults import Fault, Faults
from sandbox.api.idempotency import IdempotencyKeys, fingerprint
from sandbox.api.rate_limit import RateLimit
from sandbox.api.request_log import Entry, RequestLog, redacted
from sandbox.api.routes import Route
from sandbox.behaviour import rendering
from sandbox.core.call import Call
from sandbox.core.errors import StripeError, invalid
from sandbox.core.origin import Origin
from sandbox.core.records import Json
from sandbox.core.sandbox import Sandbox
from sandbox.core.upload import Upload
from sandbox.versions import names
from sandbox.versions import rendering as versions

logger = logging.getLogger("sandbox")
# Bytes of a body without a file.
_MAX_FORM = 1 << 20
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, PATCH, POST, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type, idempotency-key, stripe-version",
    "Access-Control-Expose-Headers": "Request-Id, Stripe-Version",
}


@dataclass(slots=True)
class Response:
    """A JSON response; ``stored`` says whether the idempotency key keeps it."""

    status: int
    text: str
    stored: bool = True
    headers: dict[str, str] = field(default_factory=dict)


class Api:
    """Handles every request under /v1."""

    def __init__(self, sandbox: Sandbox, faults: Faults, log: RequestLog) -> None:
        self._sandbox = sandbox
        self._faults = faults
        self._log = log
        self._limit = RateLimit()
        self.keys = IdempotencyKeys(sandbox.store)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of every path under /v1."""
        if request.method == "OPTIONS":
            method = request.headers.get("Access-Control-Request-Method", "")
            return web.Response(status=204, headers=_cors(method, request.path))
        request_id = f"req_{self._sandbox.store.token(14)}"
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        version = request.headers.get("Stripe-Version")
        entry = self._log.add(Entry(request_id, request.method, request.path, key, version))
        fault = self._faults.pick(request.method, request.path)
        entry.fault = fault.effect if fault else None
        try:
            response = await self._respond(request, entry, fault)
        except StripeError as error:
            response = _of_error(error, request_id, self._version(request))
            entry.error_code = error.code
        except web.HTTPException:
            raise
        except Exception:
            logger.exception("%s %s", request.method, request.path)
            unknown = StripeError(500, "An unknown error occurred.", kind="api_error")
            response = _of_error(unknown, request_id, self._version(request))
        entry.status = response.status
        entry.replayed = "Idempotent-Replayed" in response.headers
        if fault is not None and fault.effect in ("answer_lost", "garbage", "hang"):
            return await self._break(request, fault)
        headers = {
            **_cors(request.method, request.path),
            **response.headers,
            "Request-Id": request_id,
            "Stripe-Version": self._version(request),
        }
        if key:
            headers["Idempotency-Key"] = key
        return web.Response(
            body=response.text.encode(), status=response.status, content_type="application/json", headers=headers
        )

    def _version(self, request: web.Request) -> str:
        """The version in which to respond: the request's, or the account's default, as for an unknown one."""
        version = request.headers.get("Stripe-Version")
        return version if version in names.SERVED else self._sandbox.settings.api_version

    async def _break(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        """The response fails on its way: garbage, silence, or a closed connection."""
        if fault.effect == "garbage":
            text = "<html><body><h1>502 Bad Gateway</h1></body></html>"
            return web.Response(text=text, status=fault.status, content_type="text/html")
        if fault.effect == "hang":
            await self._faults.hang(fault)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _respond(self, request: web.Request, entry: Entry, fault: Fault | None) -> Response:
        fields = forms.decode(request.query_string)
        if request.method != "GET" and request.can_read_body:
            fields.update(await _body(request))
        entry.params = redacted({name: value for name, value in fields.items() if name != "key"})
        settings = self._sandbox.settings
        api_key = api_keys.accepted(
            request.headers.get("Authorization"), fields.pop("key", None), settings.secret_key, settings.restricted_keys
        )
        self._limit.check(settings.rate_limit)
        publishable = api_key.startswith("pk_")
        version = names.check(request.headers.get("Stripe-Version", self._sandbox.settings.api_version))
        route, object_id = _route(request, publishable=publishable)
        rights = settings.restricted_keys.get(api_key)
        if rights is not None:
            permissions.check(api_key, rights, route.method, route.object_type, ())
        call = Call(
            sandbox=self._sandbox,
            params=params.check(route.params, fields),
            object_id=object_id,
            origin=Origin(entry.id, entry.idempotency_key, version),
            publishable=publishable,
            base_url=f"{request.scheme}://{request.host}",
        )
        paths: list[str] = call.params.get("expand", [])
        expanded = expansion.check(paths, route.object_type, is_list=route.is_list)
        if rights is not None:
            permissions.check(api_key, rights, route.method, route.object_type, expanded)
        key = entry.idempotency_key
        if not key:
            return await self._work(route, call, paths, fault)
        return await self._work_once(route, call, paths, fault, key, fingerprint(request.method, request.path, fields))

    async def _work_once(
        self, route: Route, call: Call, paths: list[str], fault: Fault | None, key: str, request: str
    ) -> Response:
        first = self.keys.begin(key, request)
        if first is not None:
            return Response(first.status, first.body, headers={"Idempotent-Replayed": "true"})
        stored: tuple[int, str] | None = None
        try:
            response = await self._work(route, call, paths, fault)
            if response.stored:
                stored = (response.status, response.text)
            return response
        except StripeError as error:
            if error.stored:
                response = _of_error(error, call.origin.request_id or "", call.version)
                stored = (response.status, response.text)
            raise
        finally:
            self.keys.finish(key, request, stored)

    async def _work(self, route: Route, call: Call, paths: list[str], fault: Fault | None) -> Response:
        if self._sandbox.settings.latency_ms:
            await asyncio.sleep(self._sandbox.settings.latency_ms / 1000)
        error = fault.error() if fault is not None else None
        if fault is not None:
            if fault.effect == "slow":
                await asyncio.sleep(fault.delay_ms / 1000)
            elif not fault.work:
                if error is not None:
                    raise error
                return Response(fault.status, "", stored=False)
        rendered = _call(route, call, paths)
        if error is not None:
            raise error
        return Response(200, json.dumps(rendered))


def _route(request: web.Request, *, publishable: bool) -> tuple[Route, str]:
    """The route and the id in the path. Raises 404 without a route, 401 where a browser may not call it."""
    match = routes.find(request.method, request.path)
    if match is None:
        raise StripeError(
            404,
            f"Unrecognized request URL ({request.method}: {request.path}). Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/.",
            stored=False,
        )
    if publishable and not match[0].publishable:
        raise StripeError(
            401,
            "This API call cannot be made with a publishable API key. Please use a secret API key. You can "
            "find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
            code="secret_key_required",
            stored=False,
        )
    return match


def _call(route: Route, call: Call, paths: list[str]) -> Json:
    """The object of the response, in the request's version; a browser gets only what it may read."""
    try:
        rendered = versions.render(expansion.expand(route.handle(call), paths, call.store), call.version)
    except StripeError as error:
        if call.publishable:
            error.extra = rendering.public_parts(error.extra)
        raise
    return rendering.public(rendered) if call.publishable else rendered


def _cors(method: str, path: str) -> dict[str, str]:
    """Headers that let any page read the response of an endpoint that browsers may call."""
    match = routes.find(method, path)
    return _CORS if match and match[0].publishable else {}


async def _body(request: web.Request) -> Json:
    """The parameters in the body, which is a form or, with a file, multipart."""
    if request.content_type != "multipart/form-data":
        body = await request.read()
        if len(body) > _MAX_FORM:
            raise web.HTTPRequestEntityTooLarge(_MAX_FORM, len(body))
        return forms.decode(_text(body))
    try:
        parts = await request.post()
    except ValueError as error:
        raise invalid("Invalid request body: it is not multipart/form-data.") from error
    fields: list[tuple[str, str | Upload]] = []
    for name, part in parts.items():
        if isinstance(part, web.FileField):
            fields.append((name, Upload.of(part.filename, part.file.read())))
        elif isinstance(part, str):
            fields.append((name, part))
        else:
            raise invalid(f"Invalid string: {name}", param=name)
    return forms.nested(fields)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise invalid("Invalid request body: it is not UTF-8.") from error


def _of_error(error: StripeError, request_id: str, version: str) -> Response:
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
    if error.should_retry is not None:
        headers["Stripe-Should-Retry"] = "true" if error.should_retry else "false"
    body = versions.error_body(error.body(request_id), version)
    return Response(error.status, json.dumps(body), error.stored, headers)
