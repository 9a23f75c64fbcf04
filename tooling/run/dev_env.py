"""What `make run` makes up once and keeps: secrets and passwords in ``.data/dev.env``, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values


def given(environ: Mapping[str, str], dotenv: Path = Path(".env")) -> dict[str, str]:
    """What the developer set: ``.env`` overlaid by the process environment, without empty values."""
    merged = {**dotenv_values(dotenv), **environ}
    return {name: value for name, value in merged.items() if value}


class DevEnv:
    """Values by name that are made at first use and stay the same afterwards."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = {name: value for name, value in dotenv_values(path).items() if value}

    def get(self, name: str, make: Callable[[], str]) -> str:
        """The kept value of ``name``, else a new one that is kept from now on."""
        if name not in self._values:
            self._values[name] = make()
            self._save()
        return self._values[name]

    def has(self, name: str) -> bool:
        return name in self._values

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["# Made by `make run` for this machine. Not for production.\n"]
        lines += [f"{name}='{value}'\n" for name, value in self._values.items()]
        # Written beside and moved, so that an interruption leaves the old file and not half a file.
        unfinished = self._path.with_suffix(".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(lines)
        unfinished.replace(self._path)


def random_secret(prefix: str = "") -> Callable[[], str]:
    """A maker of secrets that nobody can guess, of letters and digits only as Stripe's keys are."""
    return lambda: prefix + secrets.token_hex(24)
