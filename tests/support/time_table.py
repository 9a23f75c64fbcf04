"""What pytest says at the end: where the time went, and what this run left to `make test-all`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import pytest

_SLOWEST = 10
_LEFT_OUT = "thorough_tests_left_out"


def register(config: pytest.Config) -> None:
    """Add the tables to a run; with pytest-xdist its workers only count what they leave out."""
    config.pluginmanager.register(_Worker(config) if hasattr(config, "workerinput") else _TimeTable())


class _LeftOut:
    """Counts the thorough tests that ``-m "not thorough"`` deselected."""

    left_out = 0

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.left_out += sum(item.get_closest_marker("thorough") is not None for item in items)


class _Worker(_LeftOut):
    def __init__(self, config: pytest.Config) -> None:
        self._output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]

    def pytest_sessionfinish(self) -> None:
        self._output[_LEFT_OUT] = self.left_out


class _TimeTable(_LeftOut):
    def __init__(self) -> None:
        # Set-up, call and teardown of a test together.
        self._seconds: dict[str, float] = defaultdict(float)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # Every worker collects and deselects the same tests.
        self.left_out = max(self.left_out, getattr(node, "workeroutput", {}).get(_LEFT_OUT, 0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        total = sum(self._seconds.values())
        if total < 1:
            return
        write = terminalreporter.write_line
        terminalreporter.write_sep("=", "where the time went, in seconds of all processes together")
        seconds, tests = Counter[str](), Counter[str]()
        for test, took in self._seconds.items():
            folder = str(PurePosixPath(test.partition("::")[0]).parent)
            seconds[folder] += took  # type: ignore[assignment]
            tests[folder] += 1
        for folder, took in seconds.most_common():
            if took >= 1:
                write(f"{took:8.1f} {took / total:5.0%} {tests[folder]:6} tests  {folder}")
        write(f"{total:8.1f}  100% {len(self._seconds):6} tests  in all; the slowest are")
        for test, took in sorted(self._seconds.items(), key=lambda one: -one[1])[:_SLOWEST]:
            if took >= 1:
                write(f"{took:8.1f} {test}")
        if self.left_out:
            write(f"Left to `make test-all`: {self.left_out} tests, and most examples of the property tests.")
