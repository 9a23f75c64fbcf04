"""Fixtures that every test may use. See tests/support for the processes and clients behind them."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pymongo
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from mongoengine.connection import ConnectionFailure, get_db
from pymongo.database import Database

from app.models import connection
from app.models.indexes import create_indexes
from config import Settings
from tests.support import mongo as shared_mongo
from tests.support import profiles, time_table, tokens
from tests.support.applications import Applications
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer, SharedServer
from tests.support.webhooks import WEBHOOK_PATH
from tooling.process import free_port

ROOT = Path(__file__).parents[1]
RUN_FOLDER = pytest.StashKey[Path]()
REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()
# These unit tests are about programs that open sockets.
MAY_OPEN_SOCKETS = ("tests/unit/sandbox/", "tests/unit/tooling/")
WEBHOOK_SECRET = "whsec_test_" + "0" * 32


class CompiledTemplates(BytecodeCache):
    """Templates compiled once for all the applications of a process; every test makes one."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": CompiledTemplates()}


# Before test modules read how many examples they try, and before ``--hypothesis-profile`` chooses another.
profiles.register()


def pytest_configure(config: pytest.Config) -> None:
    time_table.register(config)
    worker: dict[str, str] | None = getattr(config, "workerinput", None)
    config.stash[RUN_FOLDER] = Path(worker["run_folder"]) if worker else shared_mongo.begin_run()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each xdist worker the folder of the run."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared_mongo.end_run(config.stash[RUN_FOLDER])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first folder below tests/ is the marker."""
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in {"unit", "integration", "e2e", "contract", "architecture"}:
            item.add_marker(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures see whether their test failed."""
    report: pytest.TestReport = yield
    item.stash.setdefault(REPORTS, {})[report.when] = report
    return report


@pytest.fixture(autouse=True)
def _unit_tests_do_no_io(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    place = request.node.path.relative_to(ROOT).as_posix()
    if not place.startswith("tests/unit/") or place.startswith(MAY_OPEN_SOCKETS):
        return

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("A unit test must not use the network; put it into tests/integration.")

    for name in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.fixture(scope="session")
def database_name(worker_id: str) -> str:
    """The database of this pytest process."""
    return f"test_{worker_id}_{secrets.token_hex(3)}"


@pytest.fixture(scope="session")
def mongo_uri(pytestconfig: pytest.Config, database_name: str) -> str:
    """A real MongoDB, shared by the whole run; the database in the address belongs to this process alone."""
    return shared_mongo.shared_uri(pytestconfig.stash[RUN_FOLDER], database_name)


@pytest.fixture(scope="session")
def database(mongo_uri: str, database_name: str) -> Iterator[Database[dict[str, Any]]]:
    """The same database by pymongo, to look behind the application."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
        yield client[database_name]
        client.drop_database(database_name)


@pytest.fixture(scope="module")
def lasting_database(database: Database[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """``database``, where documents stay until the module's end, for tests that only read what takes long to write."""
    yield database
    shared_mongo.empty(database)


@pytest.fixture(scope="session")
def server_port() -> int:
    """Where the sandbox delivers webhooks, so where a live server of this process listens."""
    return free_port()


@pytest.fixture(scope="session")
def sandbox(server_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The Stripe sandbox as a process; it is reset after each test that uses it."""
    folder = tmp_path_factory.mktemp("sandbox")
    process = SandboxProcess(
        folder, webhook_url=f"http://127.0.0.1:{server_port}{WEBHOOK_PATH}", webhook_secret=WEBHOOK_SECRET
    )
    try:
        process.wait()
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="session")
def indexed_uri(mongo_uri: str) -> str:
    """``mongo_uri``, where all indexes exist."""
    connection.connect(mongo_uri)
    create_indexes()
    return mongo_uri


@pytest.fixture(scope="session")
def settings(indexed_uri: str, sandbox: SandboxProcess, server_port: int) -> Settings:
    """Settings that point to the MongoDB and the sandbox of this process."""
    return Settings(
        stripe_secret_key=sandbox.secret_key,
        stripe_publishable_key=sandbox.publishable_key,
        stripe_webhook_secret=(WEBHOOK_SECRET,),
        stripe_api_base=sandbox.base_url,
        mongodb_uri=indexed_uri,
        secret_key="test-secret-key-" + "k" * 32,
        auth_jwt_secret="test-jwt-secret-" + "j" * 32,
        metrics_token="test-metrics-token",
        cors_origins=("https://erp.example.com",),
        # Tests make in seconds, as one caller, what an ERP makes in an hour.
        rate_limit_writes=1_000_000,
        rate_limit_reads=1_000_000,
        port=server_port,
    )


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the sandbox and what was written to in the database, after each test that used them; indexes stay."""
    uses_mongo = "mongo_uri" in request.fixturenames
    database: Database[dict[str, Any]] | None = request.getfixturevalue("database") if uses_mongo else None
    stripe = request.getfixturevalue("sandbox") if "sandbox" in request.fixturenames else None
    yield
    if stripe is not None:
        stripe.reset()
    if database is not None and "lasting_database" not in request.fixturenames:
        shared_mongo.empty(database)


@pytest.fixture(autouse=True)
def _connected(request: pytest.FixtureRequest) -> None:
    """A process has one connection, and an earlier test may have turned it elsewhere or closed it."""
    if "settings" not in request.fixturenames:
        return
    settings: Settings = request.getfixturevalue("settings")
    if _database_of_connection() != request.getfixturevalue("database_name"):
        connection.connect(settings.mongodb_uri)


def _database_of_connection() -> str | None:
    try:
        return get_db().name
    except ConnectionFailure:  # mongoengine's word for "none is registered"; nothing is dialled here.
        return None


@pytest.fixture(scope="session")
def applications() -> Applications:
    """``applications.on(settings)``: the application of this process on those settings."""
    return Applications()


@pytest.fixture
def app(settings: Settings, applications: Applications) -> Flask:
    """The application on ``settings``; a test that changes it makes its own with ``create_app``."""
    return applications.on(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Requests to ``app`` without a server."""
    return app.test_client()


@pytest.fixture
def token(settings: Settings) -> Callable[..., str]:
    """``token(scope=…, customer_id=…, expires_in=…, secret=…, **claims)``: see tests.support.tokens.mint."""

    def minted(*args: Any, **kwargs: Any) -> str:
        return tokens.mint(settings, *args, **kwargs)

    return minted


@pytest.fixture
def bearer(token: Callable[..., str]) -> dict[str, str]:
    """Headers of a caller who may do everything."""
    return {"Authorization": f"Bearer {token()}"}


@pytest.fixture
def start_server(
    settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., LiveServer]]:
    """``start_server(workers=2, settings=settings, more=variables)``: gunicorn that receives the sandbox's webhooks.

    Stopped after the test; the log is shown when the test fails. Not together with ``live_server``: one port.
    """
    servers: list[LiveServer] = []

    def start(workers: int = 2, settings: Settings = settings, more: Mapping[str, str] | None = None) -> LiveServer:
        log = tmp_path / f"gunicorn-{len(servers)}.log"
        server = LiveServer(settings, log, workers=workers, more=more)
        servers.append(server)
        server.wait()
        return server

    yield start
    for server in servers:
        server.stop()
        _show_log(request, server)


@pytest.fixture(scope="session")
def shared_server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedServer]:
    """gunicorn for all tests of this process that leave it as it is; tests ask for ``live_server``."""
    server = SharedServer(settings, tmp_path_factory.mktemp("server") / "gunicorn.log")
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _nobody_takes_webhooks(request: pytest.FixtureRequest) -> None:
    """The shared server would take the webhooks of tests that did not ask for it, and the port of other servers."""
    if "sandbox" in request.fixturenames and "live_server" not in request.fixturenames:
        request.getfixturevalue("shared_server").stop()


@pytest.fixture
def live_server(shared_server: SharedServer, request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    """gunicorn with two workers, wired to the sandbox both ways; its log is shown when the test fails."""
    server = shared_server.running()
    before = len(server.output())
    yield server
    _show_log(request, server, before)


def _show_log(request: pytest.FixtureRequest, server: LiveServer, before: int = 0) -> None:
    """Show what the server wrote after the first ``before`` characters of its log."""
    call = request.node.stash.get(REPORTS, {}).get("call")
    if call is not None and call.failed:
        # Printed, because what is captured in the teardown of a failed test is part of its report.
        print(server.tail(since=before))
