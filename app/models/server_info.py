"""How MongoDB is set up, as far as any user who may connect can see, and which options our address sets.

Uses connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from mongoengine.connection import get_connection
from pymongo import ReadPreference
from pymongo.uri_parser import parse_uri

from app.models.connection import unavailable_as_ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """``replica_set`` is its name, None for a single server.

    ``overruled`` are the options of the address that ``connect`` replaces by its own; ``write_timeout`` is one that it
    does not replace, in milliseconds.
    """

    version: str
    replica_set: str | None
    members: int
    is_writable: bool
    is_sharded: bool
    is_authenticated: bool
    is_local: bool
    overruled: tuple[str, ...]
    write_timeout: int | None
    reads_from_primary: bool


def deployment(uri: str) -> Deployment:
    """Ask the MongoDB that we are connected to; ``uri`` is its address. Raises DatabaseUnavailable."""
    client = get_connection()
    options = parse_uri(uri)["options"]
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
        overruled=tuple(name for name in ("w", "journal") if name in options),
        write_timeout=client.write_concern.document.get("wtimeout"),
        reads_from_primary=client.read_preference == ReadPreference.PRIMARY,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
