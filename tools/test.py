"""Runs every check and every test, each suite in its own process and environment, and closes with one summary.

    python3 -m tools.test [NAME ...]

runs all, or the suites of the named environments and modules; `setup` names the one that installs a real engine.
Several suites run side by side, each on cores of its own, and the output of each is printed whole when it ends. The
exit code is 0 only if nothing failed and every suite ran something.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from . import environments

ROOT = environments.ROOT
REPORTS = ROOT / "build" / "test"
TORCH = environments.ENVIRONMENTS["inference"].executable.relative_to(ROOT).as_posix()  # whose types mypy reads
AT_ONCE = 4  # suites, at most: a Blender takes one to two gigabytes


@dataclass(frozen=True)
class Suite:
    """Either a check (a module and its arguments) or, where `module` is pytest, the tests below a path."""

    environment: str
    module: str
    arguments: tuple[str, ...]
    label: str = ""  # what chooses it on the command line, if not its environment or module
    is_measured: bool = False  # whether it counts in the coverage
    downloads: bool = False  # whether it needs the package index

    @property
    def name(self) -> str:
        """How the suite is called in the summary."""
        return f"{self.environment}: {' '.join((self.module, *self.arguments))}"

    @property
    def words(self) -> tuple[str, ...]:
        """What chooses it on the command line."""
        return (self.label,) if self.label else (self.environment, self.module)

    @property
    def file_name(self) -> str:
        """The name, in characters that a file's name can hold."""
        return self.name.replace("/", "_").replace(" ", "_").replace(":", "")


# Other processes alone are their matter, not this one's Blender: the Python of the oldest and of the newest is enough.
PROCESSES = ("test_client.py", "test_sessions.py")

# The longest come first, so that all cores finish at about the same time. Coverage is measured in one Blender: the one
# whose Python can measure at little cost.
SUITES = (
    Suite("bpy-5.2", "pytest", ("tests/addon",), is_measured=True),
    Suite("bpy-4.5", "pytest", ("tests/addon",)),
    Suite("bpy-5.0", "pytest", ("tests/addon", *(f"--ignore=tests/addon/engine/{name}" for name in PROCESSES))),
    Suite("inference", "pytest", ("tests/inference", "tests/training"), is_measured=True),
    Suite("bpy-4.5", "pytest", ("tests/setup",), label="setup", downloads=True),
    Suite("bpy-5.2", "pytest", ("tests/node_groups",), is_measured=True),
    Suite("bpy-4.5", "pytest", ("tests/node_groups",)),
    Suite("bpy-5.0", "pytest", ("tests/node_groups",)),
    Suite(
        "lint",
        "pytest",
        tuple(f"tests/test_{name}.py" for name in ("house", "lock", "tools", "workflows", "benchmarks")),
        is_measured=True,
    ),
    Suite("lint", "mypy", ("addon", "node_groups", "tools")),
    Suite("lint", "mypy", ("--python-executable", TORCH, "inference", "training")),
    Suite("bpy-4.5", "pytest", ("tests/sample", "tests/training_in_blender")),
    Suite("docs", "pytest", ("tests/docs",)),
    Suite("lint", "ruff", ("check", ".")),
    Suite("lint", "ruff", ("format", "--check", ".")),
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


def run(suite: Suite, output: IO[bytes] | None = None) -> Result:
    """Run a suite and count what its report says. It prints to `output`, by default to where this process does."""
    report = REPORTS / f"{suite.file_name}.xml"
    report.unlink(missing_ok=True)
    is_pytest = suite.module == "pytest"
    measuring = ("-m", "coverage", "run") if suite.is_measured else ()
    command = [environments.ensure(suite.environment), *measuring, "-m", suite.module, *suite.arguments]
    if is_pytest:
        command.append(f"--junitxml={report}")
    start = time.monotonic()
    code = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_CORE": "sysmon"},  # from Python 3.12 on; older ones take their own
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        check=False,
    ).returncode
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


def core_shares(wanted: int) -> list[set[int]]:
    """Return this process's cores in at most `wanted` equal shares; empty ones where the system can't keep to them."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    count = max(1, min(len(cores) or os.cpu_count() or 1, wanted))
    each = len(cores) // count
    return [set(cores[number * each : (number + 1) * each]) for number in range(count)]


def run_side_by_side(suites: list[Suite], shares: list[set[int]]) -> list[Result]:
    """Run suites in their order, one on each share of the cores, and print what each printed when it ends."""
    free: SimpleQueue[set[int]] = SimpleQueue()
    for share in shares:
        free.put(share)
    printing = threading.Lock()

    def take_cores() -> None:
        """Keep this thread and the processes that it starts to a share: torch takes as many threads as it has cores."""
        if share := free.get():
            os.sched_setaffinity(0, share)

    def run_one(suite: Suite) -> Result:
        with printing:
            print(f"... {suite.name}", flush=True)
        with (REPORTS / f"{suite.file_name}.log").open("w+b") as output:
            result = run(suite, output)
            output.seek(0)
            with printing:
                print(f"\n=== {suite.name}\n{output.read().decode(errors='replace')}", flush=True)
        return result

    with ThreadPoolExecutor(len(shares), initializer=take_cores) as pool:
        try:
            return list(pool.map(run_one, suites))
        except BaseException:  # as Ctrl-C, which has ended the suites that ran
            pool.shutdown(cancel_futures=True)
            raise


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


def index_answers() -> bool:
    """Whether pip gets a small package from the index that it is configured for."""
    python = environments.ensure("bpy-4.5")
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-cache-dir", "--retries", "0")
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), "-m", "pip", "download", *options, "--timeout", "15", "--dest", folder, "iniconfig"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def report_coverage() -> None:
    """Print one table of what the measured suites ran, all together; a file that they ran whole is not listed."""
    python = str(environments.ensure("lint"))
    print("\n=== coverage", flush=True)
    for arguments in (("combine", "--quiet"), ("report", "--skip-covered", "--sort=cover")):
        subprocess.run([python, "-m", "coverage", *arguments], cwd=ROOT, check=False)


def main() -> None:
    """Make the environments, run the suites, and leave with the verdict."""
    words = list(dict.fromkeys(word for suite in SUITES for word in suite.words))
    wanted = sys.argv[1:] or words
    if unknown := [word for word in wanted if word not in words]:
        raise SystemExit(f"no suite is called {', '.join(unknown)}; there are {', '.join(words)}")
    suites = [suite for suite in SUITES if set(suite.words) & set(wanted)]
    if is_partial := len(suites) < len(SUITES):
        suites = [replace(suite, is_measured=False) for suite in suites]
    needed = {suite.environment for suite in suites} | {
        "inference"
    }  # the engine of the tests, and mypy reads its types
    try:
        for name in sorted(needed):
            environments.ensure(name)
    except environments.EnvironmentMissingError as problem:
        raise SystemExit(str(problem)) from None
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.glob("coverage*"):
        old.unlink()
    downloading = [suite for suite in suites if suite.downloads]
    unreachable = downloading if downloading and not index_answers() else []
    suites = [suite for suite in suites if suite not in unreachable]
    # Suites wait for the processes that they start about a third of their time: one more fills that, on any core.
    shares = [*core_shares(min(len(suites), AT_ONCE)), set()][:AT_ONCE]
    results = run_side_by_side(suites, shares) if len(suites) > 1 else [run(suite) for suite in suites]
    if not is_partial:
        report_coverage()
    for suite in unreachable:
        print(f"\nnot run, since the package index does not answer: {suite.name}")
    if not summarize(results):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
