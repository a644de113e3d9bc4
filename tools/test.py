"""Runs every check and every test, each suite in its own process and environment, and closes with one summary.

    python3 -m tools.test [ENVIRONMENT ...]

runs all, or the suites of the named environments. The exit code is 0 only if
nothing failed and every suite ran something.
"""

from __future__ import annotations

import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from . import environments

ROOT = environments.ROOT
REPORTS = ROOT / "build" / "test"
BPY = ("bpy-4.5", "bpy-5.0", "bpy-5.2")


@dataclass(frozen=True)
class Suite:
    """Either a check (a module and its arguments) or, where `module` is pytest, the tests below a path."""

    environment: str
    module: str
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """How the suite is called in the summary."""
        return f"{self.environment}: {' '.join((self.module, *self.arguments))}"


SUITES = (
    Suite("lint", "ruff", ("check", ".")),
    Suite("lint", "ruff", ("format", "--check", ".")),
    Suite("lint", "mypy", ("addon", "node_groups", "tools")),
    Suite("lint", "mypy", ("--python-executable", ".venvs/inference/bin/python", "inference", "training")),
    Suite("lint", "pytest", ("tests/test_house.py", "tests/test_tools.py")),
    Suite("inference", "pytest", ("tests/inference", "tests/training")),
    Suite("bpy-4.5", "pytest", ("tests/sample",)),
    *(Suite(version, "pytest", (folder,)) for version in BPY for folder in ("tests/node_groups", "tests/addon")),
)


@dataclass(frozen=True)
class Result:
    """What became of a suite."""

    suite: Suite
    passed: int
    failed: int
    skipped: int
    seconds: float
    problems: tuple[str, ...]


def run(suite: Suite) -> Result:
    """Run a suite with its output streaming, and count what its report says."""
    print(f"\n=== {suite.name}", flush=True)
    report = REPORTS / (suite.name.replace("/", "_").replace(" ", "_").replace(":", "") + ".xml")
    report.unlink(missing_ok=True)
    is_pytest = suite.module == "pytest"
    command = [environments.ensure(suite.environment), "-m", suite.module, *suite.arguments]
    if is_pytest:
        command.append(f"--junitxml={report}")
    start = time.monotonic()
    code = subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode
    seconds = time.monotonic() - start
    if not is_pytest:
        return Result(suite, int(code == 0), int(code != 0), 0, seconds, () if code == 0 else (suite.name,))
    if not report.exists():
        return Result(suite, 0, 1, 0, seconds, (f"{suite.name} ended with code {code} before its report was written",))
    return _read_report(suite, report, code, seconds)


def _read_report(suite: Suite, report: Path, code: int, seconds: float) -> Result:
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))  # noqa: S314 (written by pytest a moment ago)
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    problems = [f"{suite.environment}: {case.get('classname')}::{case.get('name')}" for case in bad]
    if not problems and (code != 0 or len(cases) == skipped):
        problems = [f"{suite.name} ran no test" if len(cases) == skipped else f"{suite.name} ended with code {code}"]
    return Result(suite, len(cases) - len(bad) - skipped, len(problems), skipped, seconds, tuple(problems))


def summarize(results: list[Result]) -> bool:
    """Print the table of all suites and return whether everything passed."""
    print("\n=== summary")
    print(f"{'passed':>7} {'failed':>7} {'skipped':>7} {'seconds':>8}  suite")
    for result in results:
        counts = f"{result.passed:7} {result.failed:7} {result.skipped:7} {result.seconds:8.1f}"
        print(f"{counts}  {result.suite.name}")
    for problem in (problem for result in results for problem in result.problems):
        print(f"FAILED {problem}")
    passed, failed, skipped = (
        sum(getattr(result, key) for result in results) for key in ("passed", "failed", "skipped")
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return failed == 0


def main() -> None:
    """Make the environments, run the suites, and leave with the verdict."""
    wanted = sys.argv[1:] or list(dict.fromkeys(suite.environment for suite in SUITES))
    suites = [suite for suite in SUITES if suite.environment in wanted]
    if not suites:
        raise SystemExit(f"no suite runs in {', '.join(wanted)}")
    try:
        for name in dict.fromkeys(suite.environment for suite in suites):
            environments.ensure(name)
        if "lint" in wanted:
            environments.ensure("inference")  # its packages' types are what mypy reads
    except environments.EnvironmentMissingError as problem:
        raise SystemExit(str(problem)) from None
    REPORTS.mkdir(parents=True, exist_ok=True)
    if not summarize([run(suite) for suite in suites]):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
