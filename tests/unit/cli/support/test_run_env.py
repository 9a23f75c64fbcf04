from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import click
import pytest
from flask.cli import FlaskGroup

from app.cli.support import run_env
from tooling.run.env_files import RunEnv

RUNNING = {
    "MONGODB_URI": "mongodb://127.0.0.1:20001/paydesk",
    "STRIPE_SECRET_KEY": "sk_test_run",
    "STRIPE_API_BASE": "http://127.0.0.1:12111",
    "AUTH_JWT_SECRET": "secret-of-the-run",
    "PORT": "8010",
}
NOTICE = "Using the Paydesk that `make run` started (http://127.0.0.1:8010).\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.env"


@pytest.fixture
def running(path: Path) -> RunEnv:
    """A `make run` in this process."""
    run = RunEnv(path)
    run.publish(RUNNING)
    return run


def test_what_nothing_else_sets_comes_from_make_run(
    path: Path, running: RunEnv, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_env.complete({"MONGODB_URI": "", "LOG_LEVEL": "DEBUG"}, path) == {**RUNNING, "LOG_LEVEL": "DEBUG"}
    assert capsys.readouterr() == ("", NOTICE)
    running.remove()


def test_the_environment_wins(path: Path, running: RunEnv) -> None:
    environ = {"AUTH_JWT_SECRET": "from the environment", "MONGODB_URI": RUNNING["MONGODB_URI"]}
    assert run_env.complete(environ, path) == {**RUNNING, **environ}
    running.remove()


@pytest.mark.parametrize("name", ["MONGODB_URI", "STRIPE_SECRET_KEY", "STRIPE_API_BASE"])
def test_another_database_or_account_is_never_mixed_with_make_run(
    name: str, path: Path, running: RunEnv, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_env.complete({name: "another"}, path) == {name: "another"}
    assert capsys.readouterr() == ("", "")
    running.remove()


def test_a_command_that_needs_nothing_of_the_file_does_not_mention_it(
    path: Path, running: RunEnv, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the commands that `make run` itself runs."""
    assert run_env.complete(RUNNING, path) == RUNNING
    assert capsys.readouterr() == ("", "")
    running.remove()


def test_a_stale_file_is_ignored_with_a_sentence(
    path: Path, running: RunEnv, capsys: pytest.CaptureFixture[str]
) -> None:
    text = path.read_text()
    running.remove()
    path.write_text(text)  # as a killed run leaves it
    assert run_env.complete({"PORT": "8003"}, path) == {"PORT": "8003"}
    assert capsys.readouterr() == ("", f"Ignoring {path}: the `make run` that wrote it has ended.\n")


def test_without_make_run_nothing_changes(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_env.complete({"PORT": "8003"}, path) == {"PORT": "8003"}
    assert capsys.readouterr() == ("", "")


def test_a_file_of_another_user_is_ignored_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    path = Mock(spec=Path, open=Mock(side_effect=PermissionError(13, "Permission denied")))
    path.__str__ = Mock(return_value=".data/run.env")  # type: ignore[method-assign]
    assert run_env.complete({}, path) == {}
    assert capsys.readouterr().err == "Ignoring .data/run.env: Permission denied.\n"


def test_only_the_flask_command_line_reads_run_env() -> None:
    assert not run_env.is_flask_command()
    with click.Context(click.Command("uvicorn")):
        assert not run_env.is_flask_command()
    with click.Context(FlaskGroup()) as flask, click.Context(click.Command("users"), parent=flask):
        assert run_env.is_flask_command()
