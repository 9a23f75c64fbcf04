"""How MongoDB is set up, as far as it tells any user who may connect."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from mongoengine.connection import get_connection

from app.models.connection import unavailable_as_ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """``replica_set`` is its name, None for a single server; ``write_concern`` is what our writes wait for."""

    version: str
    replica_set: str | None
    members: int
    is_writable: bool
    is_sharded: bool
    is_authenticated: bool
    is_local: bool
    write_concern: dict[str, object]


def deployment() -> Deployment:
    """Ask MongoDB. Raises DatabaseUnavailable."""
    client = get_connection()
    with unavailable_as_ours():
        hello = client.admin.command("hello")
        status = client.admin.command("connectionStatus")
        version = client.admin.command("buildInfo")["version"]
    return Deployment(
        version=version,
        replica_set=hello.get("setName"),
        members=len(hello.get("hosts", [])),
        is_writable=bool(hello.get("isWritablePrimary")),
        is_sharded=hello.get("msg") == "isdbgrid",
        is_authenticated=bool(status["authInfo"]["authenticatedUsers"]),
        is_local=all(_is_loopback(host) for host, _ in client.nodes),
        write_concern=dict(client.write_concern.document),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
