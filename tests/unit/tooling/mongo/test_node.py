from __future__ import annotations

from pathlib import Path

import pytest

from tooling.mongo.errors import MongoUnavailable
from tooling.mongo.node import Node, find_binary


def test_a_file_that_cannot_run_is_explained_by_the_node(tmp_path: Path) -> None:
    binary = tmp_path / "mongod"
    binary.write_bytes(b"\x7fELF of nothing")
    binary.chmod(0o755)
    node = Node(binary, tmp_path / "data", 1)
    with pytest.raises(MongoUnavailable, match="cannot be run on this machine"):
        node.start()
    with pytest.raises(MongoUnavailable, match="cannot be run on this machine"):
        node.start()  # and the folder was released


def test_a_loader_failure_is_explained_by_the_node(tmp_path: Path) -> None:
    binary = tmp_path / "mongod"
    binary.write_text(
        "#!/bin/sh\necho 'error while loading shared libraries: libcurl.so.4: cannot open' >&2\nexit 127\n"
    )
    binary.chmod(0o755)
    node = Node(binary, tmp_path / "data", 1)
    node.start()
    assert node.process is not None
    node.process.wait(10)
    assert "apt-get install libcurl4" in str(node.failure())
    node.stop()


def test_a_folder_is_used_once_at_a_time(tmp_path: Path) -> None:
    binary = tmp_path / "mongod"
    binary.write_text("#!/bin/sh\nexec sleep 60\n")
    binary.chmod(0o755)
    first, second = (Node(binary, tmp_path / "data", 1) for _ in range(2))
    first.start()
    try:
        with pytest.raises(MongoUnavailable, match="in use by another run"):
            second.start()
    finally:
        first.stop()


def test_the_installed_binary_is_found() -> None:
    assert find_binary().name == "mongod"
