from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from dotenv import dotenv_values

from tooling.run.env_files import DevEnv, RunEnv, configured, random_secret


def test_a_value_is_generated_once_and_stored(tmp_path: Path) -> None:
    path = tmp_path / "data" / "dev.env"
    value = DevEnv(path).get("SECRET_KEY", random_secret("sk_test_"))
    assert value.startswith("sk_test_")
    assert DevEnv(path).get("SECRET_KEY", lambda: "another") == value
    assert path.stat().st_mode & 0o777 == 0o600


def test_several_values_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "dev.env"
    first = DevEnv(path)
    first.get("A", lambda: "1")
    first.get("B", lambda: "2")
    second = DevEnv(path)
    assert (second.get("A", str), second.get("B", str)) == ("1", "2")
    assert second.has("A")
    assert not second.has("C")


def test_the_environment_wins_over_the_file_and_an_empty_value_counts_as_unset(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=1\nMONGODB_URI=\nSECRET_KEY=from-file\n")
    assert configured({"PORT": "2", "REDIS_URL": ""}, dotenv) == {"PORT": "2", "SECRET_KEY": "from-file"}


def test_run_env_is_private_and_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "data" / "run.env"
    settings = {"SECRET_KEY": r"it's a \ ${HOME} #1", "PORT": "8003"}
    run_env = RunEnv(path)
    run_env.publish(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    assert dotenv_values(path, interpolate=False) == settings
    assert [entry.name for entry in path.parent.iterdir()] == ["run.env"]
    run_env.remove()
    assert not path.exists()


def test_run_env_is_locked_while_its_writer_lives(tmp_path: Path) -> None:
    path = tmp_path / "run.env"
    run_env = RunEnv(path)
    run_env.publish({"PORT": "8003"})
    with path.open() as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        run_env.remove()
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_file_that_a_killed_run_left_is_replaced_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "run.env"
    for leftover in (path, path.with_suffix(".new")):
        leftover.write_text("PORT='1'\n")
    run_env = RunEnv(path)
    run_env.publish({"PORT": "2"})
    assert dotenv_values(path) == {"PORT": "2"}
    RunEnv(path).remove()
    assert not path.exists()
    run_env.remove()
