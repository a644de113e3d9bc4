"""The workflows of the code host: read by a checker, since nothing here can run them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import environments, test

WORKFLOWS = environments.ROOT / ".github" / "workflows"
ALL = sorted(WORKFLOWS.glob("*.yml"))


def check(path: Path) -> subprocess.CompletedProcess[str]:
    """Run actionlint on a workflow."""
    program = environments.program(Path(sys.prefix), "actionlint")
    return subprocess.run([str(program), str(path)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_workflows_are_valid(path: Path) -> None:
    answer = check(path)
    assert (answer.returncode, answer.stdout) == (0, "")


def test_a_fault_in_a_workflow_is_found(tmp_path: Path) -> None:
    fault = tmp_path / "test.yml"
    fault.write_text(ALL[0].read_text(encoding="utf-8").replace("runs-on:", "run-on:"), encoding="utf-8")
    assert "run-on" in check(fault).stdout


def test_actions_are_pinned_by_commit() -> None:
    used = [line.strip() for path in ALL for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert used
    pinned = re.compile(r"- uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [line for line in used if not pinned.fullmatch(line)] == []


def test_every_environment_is_tested() -> None:
    text = (WORKFLOWS / "test.yml").read_text(encoding="utf-8")
    tested = {suite.environment for suite in test.SUITES}
    named = set(re.findall(r"bpy-\d\.\d", text)) | set(re.findall(r"tools\.test (\w+)$", text, flags=re.MULTILINE))
    assert named == tested
    pythons = {name: environments.ENVIRONMENTS[name].python for name in ("bpy-4.5", "bpy-5.0", "bpy-5.2")}
    assert pythons == {"bpy-4.5": "3.11", "bpy-5.0": "3.11", "bpy-5.2": "3.13"}  # as the matrix has them
