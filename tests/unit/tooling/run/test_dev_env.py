from __future__ import annotations

from pathlib import Path

from tooling.run.dev_env import DevEnv, given, random_secret


def test_a_value_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "data" / "dev.env"
    made = DevEnv(path).get("SECRET_KEY", random_secret("sk_test_"))
    assert made.startswith("sk_test_")
    assert DevEnv(path).get("SECRET_KEY", lambda: "another") == made
    assert path.stat().st_mode & 0o777 == 0o600


def test_several_values_are_kept_beside_each_other(tmp_path: Path) -> None:
    path = tmp_path / "dev.env"
    first = DevEnv(path)
    first.get("A", lambda: "1")
    first.get("B", lambda: "2")
    second = DevEnv(path)
    assert (second.get("A", str), second.get("B", str)) == ("1", "2")
    assert second.has("A")
    assert not second.has("C")


def test_the_environment_wins_over_the_file_and_empty_is_not_given(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=1\nMONGODB_URI=\nSECRET_KEY=from-file\n")
    assert given({"PORT": "2", "REDIS_URL": ""}, dotenv) == {"PORT": "2", "SECRET_KEY": "from-file"}
