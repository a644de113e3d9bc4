"""The tools that make the environments and count the tests: a wrong answer there would hide any other."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tools import environments, test

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that puts a small environment into the table, to be made in a temporary folder."""
    monkeypatch.setattr(environments, "VENVS", tmp_path)

    def put(check: str = "import pip", **more: object) -> environments.Environment:
        made = environments.Environment("small", VERSION, ("pip",), check, **more)
        monkeypatch.setitem(environments.ENVIRONMENTS, "small", made)
        return made

    return put


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make environments without pip, which takes most of the time and which only what is run in one needs."""
    run = environments._run

    def without_pip(command: list, problem: str, env: dict[str, str] | None = None) -> None:
        run([*command, "--without-pip"] if "venv" in command else command, problem, env)

    monkeypatch.setattr(environments, "_run", without_pip)
    monkeypatch.setattr(environments, "_install", lambda *_: None)


def test_a_whole_environment_is_left_alone_and_any_other_made_anew(row, bare) -> None:
    row("import json")
    mark = environments.ensure("small").parents[1] / "mark"
    mark.touch()
    environments.ensure("small")
    assert mark.exists()
    (mark.parent / "stamp").unlink()  # as after an interrupted install
    environments.ensure("small")
    assert not mark.exists()
    mark.touch()
    row("import json, ast")  # as after a change of the table
    environments.ensure("small")
    assert not mark.exists()


def test_an_environment_that_does_not_work_is_not_whole_and_says_what_is_missing(row, bare) -> None:
    row("import no_such_library", system_packages="libsomething")
    for _ in range(2):
        with pytest.raises(environments.EnvironmentMissingError, match=r"no_such_library[\s\S]*apt-get.*libsomething"):
            environments.ensure("small")


def test_a_module_is_run_in_an_environment(row, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    row()
    monkeypatch.setattr(sys, "argv", ["environments", "--in", "small", "pip", "list", "--format", "json"])
    with pytest.raises(SystemExit) as end:
        environments.main()
    assert end.value.code == 0
    assert [package["name"] for package in json.loads(capfd.readouterr().out)] in (["pip"], ["pip", "setuptools"])
    monkeypatch.setattr(sys, "argv", ["environments", "--in", "large", "pip"])
    with pytest.raises(SystemExit, match="large"):
        environments.main()


def test_a_python_on_path_that_does_not_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / f"python{VERSION}"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert environments.find_python(VERSION) == Path(sys.executable)


def test_a_file_that_is_no_program_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / f"python{VERSION}"
    fake.write_bytes(b"\x7fELF")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert environments.find_python(VERSION) == Path(sys.executable)


@pytest.mark.parametrize(
    ("platform", "python", "uv", "in_pyenv"),
    [
        ("win32", "Scripts/python.exe", "uv/Scripts/uv.exe", "python.exe"),
        ("darwin", "bin/python", "uv/bin/uv", "bin/python3.99"),
        ("linux", "bin/python", "uv/bin/uv", "bin/python3.99"),
    ],
)
def test_every_platform_has_its_programs_elsewhere(
    platform: str, python: str, uv: str, in_pyenv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing runs here: what would be run is recorded."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(environments, "VENVS", tmp_path)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(shutil, "which", lambda _name: None)  # what it does on Windows needs Windows
    assert environments.Environment("any", VERSION, (), "").executable == tmp_path / "any" / python
    ran: list[list[str]] = []

    def record(command: list[str], **options: object) -> subprocess.CompletedProcess:
        ran.append(command)
        usable = command[1] != "-c"
        return subprocess.CompletedProcess(command, int(not usable), stdout="found\n")

    monkeypatch.setattr(subprocess, "run", record)
    assert environments.find_python("3.99") == Path("found")
    assert ran[-1][0] == str(tmp_path / uv)
    assert [str(tmp_path / "uv" / python), "-m", "pip"] in [command[:3] for command in ran]
    of_pyenv = tmp_path / "pyenv" / "versions" / "3.99.1" / in_pyenv
    of_pyenv.parent.mkdir(parents=True)
    of_pyenv.touch()
    environments.find_python("3.99")
    assert str(of_pyenv) in [command[0] for command in ran]


@pytest.mark.parametrize(("platform", "advises"), [("linux", True), ("win32", False), ("darwin", False)])
def test_debian_packages_are_advised_on_linux_alone(row, platform, advises, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = row("import no_such_library", system_packages="libsomething")
    monkeypatch.setattr(environments.Environment, "executable", Path(sys.executable))
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(environments.EnvironmentMissingError, match="no_such_library") as problem:
        environments._check(broken)
    assert ("apt-get" in str(problem.value)) == advises


def small_suite(path: Path, *options: str) -> test.Suite:
    """Return the suite of one file outside the repository."""
    return test.Suite("any", "pytest", (str(path), *options, "--rootdir", str(path.parent), "-c", os.devnull))


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ("def test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pytest.skip('why')", (1, 1, 1)),
        ("@pytest.fixture\ndef bad(): 1 / 0\ndef test_a(bad): pass\ndef test_b(): pass", (1, 1, 0)),
        ("def test_a(): pytest.skip('why')", (0, 1, 1)),  # a suite that ran nothing has failed
        ("", (0, 1, 0)),
        ("1 / 0", (0, 1, 0)),
        ("def test_a(): import os; os._exit(3)", (0, 1, 0)),  # as when Blender crashes
        ("def test_a(): pass\ndef test_b(): import os; os._exit(0)", (0, 1, 0)),
    ],
)
def test_the_summary_counts_what_happened(body, counts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test, "REPORTS", tmp_path)
    monkeypatch.setattr(environments, "ensure", lambda name: Path(sys.executable))
    path = tmp_path / "test_it.py"
    path.write_text(f"import pytest\n{body}\n")
    result = test.run(small_suite(path))
    assert (result.passed, result.failed, result.skipped) == counts
    assert len(result.problems) == result.failed
    assert test.summarize([result]) == (result.failed == 0)


def test_suites_side_by_side_keep_their_output_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(test, "REPORTS", tmp_path)
    monkeypatch.setattr(environments, "ensure", lambda name: Path(sys.executable))
    body = """
        import time
        from pathlib import Path

        def test_it():
            for _ in range(3):
                print("\\nby {name}")
                time.sleep(0.1)
            Path({mine!r}).touch()
            for _ in range(600):
                if Path({other!r}).exists():  # neither ends before the other has begun
                    break
                time.sleep(0.1)
            else:
                raise TimeoutError
            assert "{name}" == "a"
    """
    suites = []
    for name, other in ("ab", "ba"):
        filled = body.format(name=name, mine=str(tmp_path / name), other=str(tmp_path / other))
        (tmp_path / f"test_{name}.py").write_text(textwrap.dedent(filled))
        suites.append(small_suite(tmp_path / f"test_{name}.py", "-s"))
    results = test.run_side_by_side(suites, [set(), set()])
    counts = [(result.suite, result.passed, result.failed) for result in results]
    assert counts == [(suites[0], 1, 0), (suites[1], 0, 1)]
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("by ")]
    assert said in (["by a"] * 3 + ["by b"] * 3, ["by b"] * 3 + ["by a"] * 3)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes are kept to cores on Linux alone")
def test_a_suite_stays_on_its_share_of_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test, "REPORTS", tmp_path)
    monkeypatch.setattr(environments, "ensure", lambda name: Path(sys.executable))
    core = max(os.sched_getaffinity(0))
    path = tmp_path / "test_it.py"
    path.write_text(f"import os\ndef test_it(): assert os.sched_getaffinity(0) == {{{core}}}\n")
    (result,) = test.run_side_by_side([small_suite(path)], [{core}])
    assert result.problems == ()


def test_the_cores_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {7, 0, 1, 2, 3, 4, 5}, raising=False)
    assert test.core_shares(3) == [{0, 1}, {2, 3}, {4, 5}]
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1}, raising=False)
    assert test.core_shares(3) == [{1}]
    monkeypatch.delattr(os, "sched_getaffinity")  # as on Windows and macOS
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert test.core_shares(4) == [set()] * 4
