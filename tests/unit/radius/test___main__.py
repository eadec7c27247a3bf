import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest


def radius(state: Path, *arguments: str, line: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "radius", *arguments],
        input=line,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "L2TPSEC_STATE_DIR": str(state)},
    )


def test_its_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["radius", "user", "list", "--database", f"{tmp_path}/none"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("radius", run_name="__main__")
    assert caught.value.code == 1


def test_the_command(tmp_path: Path) -> None:
    assert radius(tmp_path, "user", "add", "bob", line="geheim\n").returncode == 0
    listed = radius(tmp_path, "user", "list", "--json")
    assert [user["name"] for user in json.loads(listed.stdout)] == ["bob"]
    assert radius(tmp_path, "user", "remove", "eve").returncode == 1
    assert radius(tmp_path, "nonsense").returncode == 2
