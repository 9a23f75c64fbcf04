"""The domain can be imported alone: the standard library and nothing else comes with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "app" / "domain").rglob("*.py")
)
# What the interpreter has loaded before the first line of ours does not count: site-packages may hold start-up files.
PROGRAM = """
import sys
before = set(sys.modules)
import {module}
print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize("module", DOMAIN)
def test_a_module_of_the_domain_loads_the_standard_library_alone(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert module in loaded
    strangers = {
        name
        for name in loaded
        if name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith("_sysconfigdata_")
        and name != "app"
        and not (name == "app.domain" or name.startswith("app.domain."))
    }
    assert not strangers
