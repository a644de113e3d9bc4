"""What the engine is on the systems that this one is not: their layout, their builds, their limits."""

import platform
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from tests.addon.enabled import backends, errors, install, place, probe, protocol
from tools import extension


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Nothing here needs Blender."""


@pytest.fixture
def machine(monkeypatch):
    """Return what makes this another machine."""

    def be(system: str, processor: str) -> None:
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(platform, "machine", lambda: processor)

    return be


@pytest.fixture
def graphics(monkeypatch, tmp_path, machine):
    """Return what gives this machine, a PC with Linux, a driver's answers and the kernel's list of chips."""

    def have(cards: list[str] | None = None, chips: tuple[int, ...] = ()) -> None:
        machine("linux", "x86_64")
        monkeypatch.setattr(probe, "_PROC", tmp_path / "proc")
        monkeypatch.setattr(probe, "_SYS", tmp_path / "sys")
        monkeypatch.setattr(probe, "_ask_nvidia", lambda: cards or [])
        if cards is not None:
            (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
            (tmp_path / "proc/driver/nvidia/version").touch()
        for number, chip in enumerate((0, *chips)):  # the first node is the processor
            node = tmp_path / "sys/class/kfd/kfd/topology/nodes" / str(number)
            node.mkdir(parents=True)
            (node / "properties").write_text(f"cpu_cores_count 8\ngfx_target_version {chip}\nvendor_id 4098\n")

    return have


@pytest.mark.parametrize(
    ("system", "python"), [("win32", "Scripts/python.exe"), ("linux", "bin/python"), ("darwin", "bin/python")]
)
def test_an_environments_python_is_where_the_system_has_it(monkeypatch, tmp_path, system, python):
    monkeypatch.setattr(sys, "platform", system)
    assert place.python_in(tmp_path) == tmp_path / python
    assert place.python_at(tmp_path) == tmp_path / python


def test_an_environment_of_conda_on_windows_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "win32")
    (tmp_path / "python.exe").touch()
    assert place.python_at(tmp_path) == tmp_path / "python.exe"
    assert place.chosen(str(tmp_path), tmp_path).python == tmp_path / "python.exe"


@pytest.mark.parametrize(
    ("system", "processor", "names"),
    [
        ("linux", "x86_64", ["cpu", "cuda", "rocm", "xpu"]),
        ("linux", "aarch64", ["cpu", "cuda"]),
        ("win32", "AMD64", ["cpu", "cuda", "xpu"]),
        ("win32", "ARM64", []),
        ("darwin", "arm64", ["apple"]),
        ("darwin", "x86_64", []),
    ],
)
def test_each_machine_is_offered_the_builds_that_exist_for_it(machine, system, processor, names):
    machine(system, processor)
    assert [backend.name for backend in backends.backends()] == names


@pytest.mark.parametrize(("system", "processor"), [("darwin", "x86_64"), ("win32", "ARM64")])
def test_a_machine_without_a_build_is_told_so_and_what_works(machine, system, processor):
    machine(system, processor)
    with pytest.raises(errors.EngineError, match=rf"{processor}.*Draft.*depth map.*Use Existing Python"):
        probe.suggest()


def test_a_capable_nvidia_card_is_suggested_by_its_name(graphics):
    graphics(["NVIDIA GeForce RTX 2060, 7.5, 580.82.07"])
    found = probe.suggest()
    assert (found.backend.name, found.notes) == ("cuda", ("NVIDIA GeForce RTX 2060",))


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("NVIDIA GeForce GTX 1080, 6.1, 580.82.07", "capability 6.1"),
        ("Tesla V100-SXM2-16GB, 7.0, 580.82.07", "capability 7.0"),
        ("NVIDIA GeForce RTX 4090, 8.9, 535.183.01", "driver 535.183.01 is older than 580"),
    ],
)
def test_a_card_that_torch_has_no_kernels_for_is_not_offered_gigabytes(graphics, card, words):
    graphics([card])
    found = probe.suggest()
    assert found.backend.name == "cpu"
    assert words in found.notes[0]
    assert card.split(",")[0] in found.notes[0]


def test_the_better_one_of_two_cards_counts(graphics):
    graphics(["NVIDIA GeForce GTX 1060, 6.1, 580.1", "NVIDIA RTX A4000, 8.6, 580.1"])
    assert probe.suggest().backend.name == "cuda"


def test_a_driver_that_does_not_answer_is_no_reason_for_gigabytes(graphics):
    graphics([])
    found = probe.suggest()
    assert found.backend.name == "cpu"
    assert "does not say" in found.notes[0]


@pytest.mark.parametrize(
    ("version", "chip", "backend"),
    [
        (100300, "gfx1030", "rocm"),
        (110000, "gfx1100", "rocm"),
        (90010, "gfx90a", "rocm"),
        (90012, "gfx90c", "cpu"),  # in a Ryzen 5000
        (100306, "gfx1036", "cpu"),  # in a Ryzen 7000
        (110003, "gfx1103", "cpu"),  # in a Ryzen 7040
    ],
)
def test_an_amd_chip_is_offered_the_build_that_has_its_kernels(graphics, version, chip, backend):
    graphics(chips=(version,))
    found = probe.suggest()
    assert found.backend.name == backend
    assert chip in found.notes[0]


def test_a_sandbox_that_hides_the_cards_gets_the_processors_build(graphics, monkeypatch):
    def hidden(path: Path, *_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    graphics(chips=(100300,))
    monkeypatch.setattr(Path, "read_text", hidden)
    assert probe.suggest().backend.name == "cpu"


def test_a_strong_amd_card_beside_weak_graphics_counts(graphics):
    graphics(chips=(100306, 110000))
    assert probe.suggest().backend.name == "rocm"


def test_a_machine_without_a_card_takes_the_processor(graphics):
    graphics()
    assert probe.suggest() == probe.Suggestion(backends.backends()[0], ())


def test_an_apple_computer_takes_apples_build(machine):
    machine("darwin", "arm64")
    assert probe.suggest().backend.name == "apple"


def test_the_driver_is_asked_by_its_own_program_without_a_console_window(monkeypatch, machine):
    asked = {}

    def run(command, **options):
        asked.update(options, command=command)
        return subprocess.CompletedProcess(command, 0, "NVIDIA RTX A4000, 8.6, 580.1\n\n", "")

    machine("win32", "AMD64")
    monkeypatch.setenv("SYSTEMROOT", "W:")
    monkeypatch.setattr(probe, "NO_WINDOW", 0x08000000)
    monkeypatch.setattr(probe.subprocess, "run", run)
    assert probe._ask_nvidia() == ["NVIDIA RTX A4000, 8.6, 580.1"]
    assert asked["command"][0] == str(Path("W:", "System32", "nvidia-smi.exe"))
    assert (asked["creationflags"], asked["timeout"] < 10) == (0x08000000, True)


@pytest.mark.parametrize("has_driver", [True, False])
def test_an_nvidia_driver_is_recognised_on_windows(monkeypatch, tmp_path, has_driver):
    (tmp_path / "System32").mkdir()
    if has_driver:
        (tmp_path / "System32" / "nvcuda.dll").touch()
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "win32")
    assert probe._has_nvidia_driver() == has_driver


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("win32", {"LOCALAPPDATA": "L"}, "L/DepthNodes/e"),
        ("linux", {"XDG_DATA_HOME": "X"}, "X/DepthNodes/e"),
        ("linux", {}, "H/.local/share/DepthNodes/e"),
        ("darwin", {}, "H/Library/Application Support/DepthNodes/e"),
    ],
)
def test_the_engines_lie_where_the_system_keeps_a_users_data(monkeypatch, system, variables, expected):
    for name in ("LOCALAPPDATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Path, "home", lambda: Path("H"))
    monkeypatch.setattr(sys, "platform", system)
    assert place.root() == Path(expected)


def test_the_default_place_fits_into_the_paths_of_windows(monkeypatch, machine):
    """The longest name that an account of Windows can have; LongPathsEnabled is off by default."""
    machine("win32", "AMD64")
    monkeypatch.setenv("LOCALAPPDATA", r"C:\Users\12345678901234567890\AppData\Local")
    folder = install.Installation(place.root(), backends.BACKENDS[0]).folder
    longest = PureWindowsPath(str(folder).replace("/", "\\"), "Lib", "site-packages", "x" * install.LONGEST)
    assert len(str(longest)) <= 259
    monkeypatch.setattr(install, "_has_long_paths", lambda: False)
    install._check_place(folder, backends.Backend("cpu", "CPU", "", 1, 1, ()))


def test_the_models_fit_into_the_paths_of_windows():
    """In the layout that the hub documents for its cache, with a part of a download and its lock."""
    cache = PureWindowsPath(r"C:\Users\12345678901234567890\.cache\huggingface\hub")
    fetched = [spec for spec in extension.module("inference.catalog").MODELS if not spec.built_in]
    assert fetched
    for spec in fetched:
        repo = f"models--{spec.repo.replace('/', '--')}"
        paths = [cache / repo / "snapshots" / spec.revision / spec.file]
        paths += [cache / repo / "blobs" / f"{spec.sha256}.incomplete", cache / ".locks" / repo / f"{spec.sha256}.lock"]
        assert max(len(str(path)) for path in paths) <= 259, spec.name


def test_names_outside_of_windows_code_page_reach_the_engine():
    """Both pipes carry ASCII, and the engine's Python takes UTF-8 for every name, whatever the system's code page."""
    asked = protocol.Estimate(1, "C:\\写真\\Жанна é.jpg", "C:\\出力")
    line = protocol.encode(asked)
    assert line.isascii()
    assert protocol.decode(line) == asked
    assert place.environment()["PYTHONUTF8"] == "1"


@pytest.mark.parametrize(("long_paths", "refused"), [(False, True), (True, False)])
def test_a_path_too_long_for_windows_is_told_before_anything_is_fetched(monkeypatch, tmp_path, long_paths, refused):
    folder = tmp_path / ("deep" * 40)
    small = backends.Backend("cpu", "CPU", "", 1, 1, ())
    monkeypatch.setattr(install, "_has_long_paths", lambda: long_paths)
    monkeypatch.setattr(sys, "platform", "win32")
    if refused:
        with pytest.raises(errors.EngineError, match="Windows"):
            install._check_place(folder, small)
    else:
        install._check_place(folder, small)
    assert not Path(folder).exists()


def test_a_step_is_ended_with_its_children_and_without_a_console_window_on_windows(monkeypatch):
    asked = []
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(install, "NO_WINDOW", 0x08000000)
    monkeypatch.setattr(
        install.subprocess, "run", lambda command, **given: asked.append((command, given["creationflags"]))
    )
    install._kill(type("Process", (), {"pid": 1234})())
    assert asked == [(["taskkill", "/F", "/T", "/PID", "1234"], 0x08000000)]


# --- What is fetched, and from where --------------------------------------------------------------------------------

PINNED = [("linux", "cpu"), ("linux", "cuda"), ("win32", "cpu"), ("darwin", "apple")]
PROCESSORS = {"linux": "x86_64", "win32": "AMD64", "darwin": "arm64"}


def lock(arguments: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the hashes of each package that pip is told to install from a file."""
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(arguments)
    text = Path(arguments[arguments.index("-r") + 1]).read_text(encoding="utf-8")
    packages = re.findall(r"^(\S+==\S+) ((?:\\\n    --hash=sha256:[0-9a-f]{64} ?)+)$", text, flags=re.MULTILINE)
    assert len(packages) == text.count("==")
    return {name: re.findall(r"sha256:(\w+)", hashes) for name, hashes in packages}


@pytest.mark.parametrize(("system", "name"), PINNED)
def test_everything_that_the_usual_engines_hold_is_pinned_by_its_hash(machine, system, name):
    machine(system, PROCESSORS[system])
    backend = next(backend for backend in backends.backends() if backend.name == name)
    pinned = {**lock(backend.packages()), **lock(backend.torch())}
    names = {package.partition("==")[0] for package in pinned}
    wanted = backends.REQUIREMENTS.read_text(encoding="utf-8").split()
    for package in wanted:
        assert any(pin.partition("+")[0] == package.replace("_", "-") for pin in pinned), package
    assert {"filelock", "sympy", "jinja2", "httpx2"} <= names  # what they need in turn
    assert ("nvidia-cudnn-cu13" in names) == (name == "cuda")


@pytest.mark.parametrize(("system", "name", "build"), [("win32", "cuda", "cu130"), ("linux", "rocm", "rocm7.2")])
def test_a_build_without_hashes_comes_from_pytorchs_index_alone(machine, system, name, build):
    machine(system, PROCESSORS[system])
    backend = next(backend for backend in backends.backends() if backend.name == name)
    assert lock(backend.packages())
    arguments = backend.torch()
    assert "--extra-index-url" not in arguments
    assert arguments[arguments.index("--index-url") + 1] == f"https://download.pytorch.org/whl/{build}"
    assert arguments[-1] == f"torch=={backends.torch_version()}+{build}"


@pytest.mark.parametrize(("name", "alone"), [("cpu", False), ("rocm", True), ("xpu", True)])
def test_no_other_index_is_asked_for_what_has_no_hash(machine, monkeypatch, tmp_path, name, alone):
    """A package of torch's name on an index of the user's own is never taken for it; its proxy counts all the same."""
    machine("linux", "x86_64")
    others = {"PIP_EXTRA_INDEX_URL": "https://other/simple", "PIP_FIND_LINKS": "/elsewhere", "PIP_NO_INDEX": "1"}
    users, asked = others | {"PIP_PROXY": "http://proxy:8080"}, []
    monkeypatch.setattr(install.sources, "environment", lambda *_: dict(users))
    monkeypatch.setattr(install.Installation, "_call", lambda _self, *step: asked.append(step))
    monkeypatch.setattr(place, "examine", lambda _path: place.Engine(tmp_path, {}))
    backend = next(backend for backend in backends.backends() if backend.name == name)
    install.Installation(tmp_path, backend)._thread.run()
    *small, (_, problem, fetching), _check = asked
    assert "torch" in problem
    assert {step[2].get("PIP_EXTRA_INDEX_URL") for step in small[1:]} == {"https://other/simple"}  # hashed, all of them
    assert set(fetching) == ({"PIP_PROXY"} if alone else set(users))
    assert backend.is_hashed != alone


def test_pip_itself_is_pinned_by_its_hash():
    text = (backends.LOCKS / "pip.txt").read_text(encoding="utf-8")
    assert re.search(r"^pip==[\d.]+ \\\n    --hash=sha256:[0-9a-f]{64}$", text, flags=re.MULTILINE)
