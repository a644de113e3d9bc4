"""The command line as a user meets it: a process of its own, real photos, and the built-in model.

What is about precision and size is asked of Small with numbers from a seed.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from inference.background import of_photo
from inference.cli import estimate
from inference.errors import DeviceError
from inference.io import FORMATS, SUFFIXES, read_depth
from inference.model.quantize import check_int8
from tests import pictures
from tests.inference import hub_server, warm
from tests.seeded_weights import write

ROOT = Path(__file__).parents[2]
QUICK = ("--model", "draft")
RNG = np.random.default_rng(4)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return Small in the published layout with numbers from a seed."""
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    write(path)
    return path


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "inference", *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a user without weights and without a network."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return {**clean, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(ROOT / "nowhere"), **changes}


def run(*arguments: str | Path, cwd: Path = ROOT, **changes: str) -> subprocess.CompletedProcess[str]:
    return warm.run([str(argument) for argument in arguments], cwd, environment(**changes))


def errors(result: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines on stderr beside the one that tells what a small size costs."""
    return [line for line in result.stderr.splitlines() if not line.startswith("note: ")]


def assert_one_error(result: subprocess.CompletedProcess[str], message: str, code: int = 1) -> None:
    assert result.returncode == code
    (line,) = errors(result)
    assert line.startswith("error: ")
    assert message in line


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a photo alone in its folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(folder / "photo.jpg")
    return folder / "photo.jpg"


# --- One photo ----------------------------------------------------------------------------------------------------


def test_a_photo_becomes_a_depth_file_beside_it(photo, weights):
    result = run(photo, "--weights", weights, "--size", "70")
    assert (result.returncode, errors(result)) == (0, [])
    depth = read_depth(photo.with_name("photo.depth.exr"))
    assert depth.values.shape == (48, 64)
    assert depth.values.dtype == np.float32
    assert (depth.raw_min, depth.raw_max) == (depth.values.min(), depth.values.max())
    (line,) = result.stdout.splitlines()
    assert line.startswith(
        f"{photo.with_name('photo.depth.exr')}: disparity {depth.raw_min:.4g} to {depth.raw_max:.4g},"
    )
    assert ", 64 x 48, " in line
    assert line.endswith(" s")


def test_the_current_folder_needs_no_path(photo):
    assert run("photo.jpg", *QUICK, cwd=photo.parent).returncode == 0
    assert photo.with_name("photo.depth.exr").is_file()


def test_json_says_the_same_for_machines(photo):
    result = run(photo, photo.with_name("nothing.jpg"), "--json", *QUICK)
    assert result.returncode == 1
    failed, done = map(json.loads, result.stdout.splitlines())
    assert failed["photo"] == str(photo.with_name("nothing.jpg"))
    assert failed["photo"] in failed["error"]
    depth = read_depth(done["output"])
    for name, value in {
        "photo": str(photo),
        "output": str(photo.with_name("photo.depth.exr")),
        "format": "exr",
        "kind": "disparity",
        "min": depth.raw_min,
        "max": depth.raw_max,
        "width": 64,
        "height": 48,
        "model": depth.model,
        "revision": depth.revision,
    }.items():
        assert done[name] == value
    assert done["seconds"] > 0


def test_a_background_lies_in_the_same_file(photo):
    result = run(photo, "--json", "--background", *QUICK)
    done = json.loads(result.stdout)
    front = read_depth(done["output"])
    with Image.open(photo) as image:
        wanted = of_photo(front, np.asarray(image.convert("RGB")))
    with OpenEXR.File(done["output"], separate_channels=True) as file:
        channels = {name: np.array(channel.pixels) for name, channel in file.channels().items()}
    np.testing.assert_array_equal(channels["background.Y"], wanted.depth)
    np.testing.assert_array_equal(channels["background.A"], wanted.presence)
    with Image.open(done["background"]) as image:
        np.testing.assert_array_equal(np.asarray(image), wanted.colour)
    again = run(photo.parent, "--json", "--background", *QUICK)
    assert [json.loads(line)["photo"] for line in again.stdout.splitlines()] == [str(photo)]  # its picture is none
    assert_one_error(run(photo, "--background", "--format", "npy"), "--background needs the format exr")


def test_every_format_holds_the_same_depth(photo):
    folder = photo.with_name("out")
    for file_format in FORMATS:
        assert run(photo, "-o", folder, "--format", file_format, *QUICK).returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"photo{suffix}" for suffix in SUFFIXES.values())
    values = read_depth(folder / "photo.depth.exr").values
    span = values.max() - values.min()
    # Each format comes from a run of its own, which chooses the quicker of two convolutions: the last digits differ.
    np.testing.assert_allclose(np.load(folder / "photo.depth.npy"), values, rtol=0, atol=1e-5 * span)
    nearness = (values - values.min()) / (values.max() - values.min())
    assert np.abs(np.asarray(Image.open(folder / "photo.depth.png")).astype(int) - 65535 * nearness).max() < 1.2
    assert np.abs(np.asarray(Image.open(folder / "photo.preview.png")) - 255 * nearness).max() < 0.51
    assert Image.open(folder / "photo.colormap.png").mode == "RGB"


def test_a_share_of_the_photos(photo):
    for name in "abcd":
        photo.with_name(f"{name}.png").write_bytes(photo.read_bytes())
    result = run(photo.parent, "--shard", "2/3", *QUICK)
    assert result.returncode == 0, result.stderr
    made = sorted(path.name for path in photo.parent.glob("*.depth.exr"))
    assert made == ["b.depth.exr", "photo.depth.exr"]  # the second and the fifth of a, b, c, d, photo
    assert run(photo.parent, "--shard", "4/3").returncode == 2


def test_output_file_by_name(photo):
    output = photo.with_name("depth.npy")
    assert run(photo, "-o", output, *QUICK).returncode == 0
    assert np.load(output).shape == (48, 64)


def test_transparency_becomes_validity(photo):
    alpha = RNG.integers(0, 256, (48, 64), dtype=np.uint8)
    cutout = Image.open(photo)
    cutout.putalpha(Image.fromarray(alpha))
    cutout.save(photo.with_name("cutout.png"))
    assert run(photo.with_name("cutout.png"), *QUICK).returncode == 0
    np.testing.assert_allclose(read_depth(photo.with_name("cutout.depth.exr")).validity, alpha / 255, atol=1e-6)


def test_a_limit_on_pixels_that_a_user_can_raise(photo):
    arguments = (photo, *QUICK, "--max-megapixels")
    assert_one_error(run(*arguments, "0.003"), "0.003 megapixels")
    assert run(*arguments, "0.004").returncode == 0


# --- Many photos --------------------------------------------------------------------------------------------------


def test_a_folder_with_one_that_fails(photo):
    for name in ("a.png", "c.webp"):
        Image.open(photo).save(photo.with_name(name))
    photo.with_name("b.jpg").write_bytes(photo.read_bytes()[:500])
    result = run(photo.parent, *QUICK)
    assert_one_error(result, "b.jpg")
    assert len(result.stdout.splitlines()) == 3
    assert sorted(path.name for path in photo.parent.glob("*.exr")) == ["a.depth.exr", "c.depth.exr", "photo.depth.exr"]


def test_what_libtiff_has_to_say_is_not_said_twice(photo):
    path = photo.with_name("damaged.tif")
    Image.open(photo).save(path, compression="tiff_lzw")
    whole = path.read_bytes()
    path.write_bytes(whole[:8] + bytes(b ^ 0xFF for b in whole[8:40]) + whole[40:])
    assert_one_error(run(path), "damaged.tif")


def test_skip_existing_loads_no_model_when_nothing_is_left(photo):
    assert run(photo, *QUICK).returncode == 0
    output = photo.with_name("photo.depth.exr")
    before = output.stat()
    result = run(photo, "--weights", "no/such/file.safetensors", "--skip-existing")
    assert (result.returncode, errors(result)) == (0, [])
    assert result.stdout.startswith(f"{output}: skipped")
    assert (output.stat().st_mtime_ns, output.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_skip_existing_still_does_what_is_new(photo):
    photo.with_name("photo.depth.exr").write_bytes(b"of an earlier run")
    Image.open(photo).save(photo.with_name("new.png"))
    result = run(photo.parent, "--skip-existing", *QUICK)
    assert result.returncode == 0
    assert photo.with_name("photo.depth.exr").read_bytes() == b"of an earlier run"
    assert photo.with_name("new.depth.exr").is_file()


def test_a_progress_bar_where_somebody_watches(photo):
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this system")
    termios = pytest.importorskip("termios")
    Image.open(photo).save(photo.with_name("second.png"))
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = subprocess.Popen(command(photo.parent, *QUICK), env=environment(), stdout=subprocess.PIPE, stderr=theirs)
    output, _ = process.communicate(timeout=300)
    os.close(theirs)
    assert "2/2" in os.read(ours, 100_000).decode()
    assert len(output.splitlines()) == 2
    os.close(ours)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle(photo, weights, stop):
    for i in range(20):
        shutil.copy(photo, photo.with_name(f"{i}.jpg"))
    process = subprocess.Popen(
        command(photo.parent, "--weights", weights, "--size", "518"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(stop)
    _, errors = process.communicate(timeout=300)
    assert first
    assert process.returncode == 130
    assert errors.splitlines() == ["error: Interrupted. The depth files that were written are complete"]
    written = list(photo.parent.glob("*.exr"))
    assert 1 <= len(written) < 20
    for path in written:
        read_depth(path)
    assert list(photo.parent.glob(".*")) == []


def test_photos_of_every_kind_among_what_is_none(tmp_path, weights):
    photos = tmp_path / "photos"
    photos.mkdir()
    whole = [pictures.write(photos, name) for name in pictures.KINDS]
    (photos / "cut.png").write_bytes((photos / "portable.png").read_bytes()[:90])
    (photos / "empty.jpg").touch()
    (photos / "words.tif").write_text("not a picture\n")
    result = run(photos / "*", "-o", tmp_path / "out", "--weights", weights, "--size", "70")
    assert result.returncode == 1
    assert {line.removeprefix("error: ").split()[0] for line in errors(result)} == {
        str(photos / name) for name in ("cut.png", "empty.jpg", "words.tif")
    }
    written = sorted((tmp_path / "out").iterdir())
    assert len(written) == len(whole)
    assert sorted(line.split(": ")[0] for line in result.stdout.splitlines()) == [str(path) for path in written]
    for path in written:
        depth = read_depth(path)
        assert depth.values.shape == pictures.SMOOTH.shape[:2]
        assert np.isfinite(depth.values).all()


# --- What is quicker and less exact -------------------------------------------------------------------------------


def depths(photo: Path, weights: Path, *options: str) -> subprocess.CompletedProcess[str]:
    result = run(photo, "--weights", weights, *options)
    assert result.returncode == 0
    return result


def test_what_is_exact_has_no_note(photo, weights):
    assert depths(photo, weights).stderr == ""
    assert "exact" not in json.loads(depths(photo, weights, "--size", "532", "--json").stdout)


def test_what_a_smaller_size_costs_is_told_once(photo, weights):
    Image.open(photo).rotate(90).save(photo.with_name("second.png"))
    (note,) = depths(photo.parent, weights, "--size", "308").stderr.splitlines()
    small = read_depth(photo.with_name("photo.depth.exr")).values.ravel()
    depths(photo, weights)
    exact = read_depth(photo.with_name("photo.depth.exr")).values.ravel()
    apart = np.abs(np.polyval(np.polyfit(small, exact, 1), small) - exact) / np.ptp(exact)
    assert note.startswith(f"note: on {photo} float32 at 308 differs from float32 at 518 by ")
    told = re.search(r" by (\S+)% of the range on average, (\S+)% at most", note)
    assert 0.1 < float(told[1]) == pytest.approx(100 * apart.mean(), abs=0.02)
    assert float(told[2]) == pytest.approx(100 * np.quantile(apart, 0.99), abs=0.05)


def test_what_int8_costs_is_in_the_first_record(photo, weights):
    try:
        check_int8()
    except DeviceError as error:
        pytest.skip(str(error))
    Image.open(photo).save(photo.with_name("second.png"))
    result = depths(photo.parent, weights, "--precision", "int8", "--json")
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["exact"]["size"] == 518
    assert 0 < first["exact"]["mean"] < first["exact"]["most"] < 0.06
    assert first["exact"]["seconds"] > 0
    assert "exact" not in second
    assert len(result.stderr.splitlines()) == 1


def test_a_photo_that_is_too_long_to_be_exact_is_not_lost(photo, weights):
    Image.fromarray(RNG.integers(0, 256, (8, 400, 3), dtype=np.uint8)).save(photo)
    result = depths(photo, weights, "--size", "70")
    assert result.stderr.startswith("note: ")
    assert "float32 at 70" in result.stderr
    assert photo.with_name("photo.depth.exr").is_file()


@pytest.mark.parametrize(("precision", "way_out"), [("float16", "GPU"), ("int8", "VNNI")])
def test_a_precision_that_this_machine_lacks(photo, weights, precision, way_out):
    arguments = (photo, "--weights", weights, "--device", "cpu", "--precision", precision)
    assert_one_error(run(*arguments, ONEDNN_MAX_CPU_ISA="AVX2"), way_out)


# --- What goes wrong ----------------------------------------------------------------------------------------------


def test_no_photo_at_all():
    result = run()
    assert result.returncode == 2
    assert result.stderr.startswith("usage: ")


@pytest.mark.parametrize("wrong", [("--size", "0"), ("--threads", "-1"), ("--format", "tiff"), ("--device", "abacus")])
def test_wrong_options(photo, wrong):
    assert run(photo, *wrong).returncode == 2


def test_unknown_model(photo):
    assert_one_error(run(photo, "--model", "huge"), "small, base, large")


def test_licence_first(photo):
    assert_one_error(run(photo, "--model", "large"), "CC-BY-NC-4.0")
    assert_one_error(run("download", "large"), "--accept-license")


def test_no_weights_and_no_network(photo):
    assert_one_error(run(photo), "HF_HUB_OFFLINE")
    assert list(photo.parent.iterdir()) == [photo]


@pytest.mark.parametrize("content", [b"", b"no weights", bytes(1000)])
def test_damaged_weights(photo, content):
    path = photo.with_name("w.safetensors")
    path.write_bytes(content)
    assert_one_error(run(photo, "--weights", path), str(path))


def test_no_such_weights(photo):
    assert_one_error(run(photo, "--weights", "no/such/file.safetensors"), "no/such/file.safetensors")


def test_a_photo_that_is_none_is_told_before_the_model_is_loaded(photo):
    photo.write_bytes(b"no photo")
    assert_one_error(run(photo, "--weights", "no/such/file.safetensors"), "photo.jpg")


def test_output_that_cannot_be(photo):
    assert_one_error(run(photo, "-o", photo.with_name("nowhere") / "x.exr"), "there is no folder")


def test_a_python_without_the_packages(photo):
    bare = [sys.executable, "-S", *command(photo)[1:]]  # -S leaves out what is installed
    result = subprocess.run(bare, env=environment(), capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert_one_error(result, "numpy")


def test_a_reader_that_has_had_enough(photo):
    for i in range(3):
        shutil.copy(photo, photo.with_name(f"{i}.jpg"))
    process = subprocess.Popen(
        command(photo.parent, *QUICK),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert process.wait(timeout=300) == 1
    assert [line for line in process.stderr if not line.startswith("note: ")] == []
    process.stderr.close()


# --- The other commands -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("--help",), ("models",), ("download", "--help"), ("doctor", "--help")])
def test_asking_costs_no_heavy_import(arguments):
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "inference", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )
    assert result.returncode == 0
    imported = {line.split("|")[-1].strip().split(".")[0] for line in result.stderr.splitlines()}
    assert "argparse" in imported
    assert not imported & {"torch", "numpy", "PIL", "OpenEXR", "tqdm", "httpx2"}


def test_models_lists_the_catalog_with_what_is_on_disk(tmp_path):
    from inference import catalog

    small = catalog.get("small")
    path = tmp_path / "hub" / f"models--{small.repo.replace('/', '--')}" / "snapshots" / small.revision / small.file
    path.parent.mkdir(parents=True)
    path.touch()
    os.truncate(path, small.bytes)
    result = run("models", HF_HOME=str(tmp_path))
    table = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert list(table) == [spec.name for spec in catalog.MODELS]
    for spec in catalog.MODELS:
        assert spec.licence in table[spec.name]
        assert ("not on disk" in table[spec.name]) == (spec.name not in ("small", "draft"))
    records = [json.loads(line) for line in run("models", "--json", HF_HOME=str(tmp_path)).stdout.splitlines()]
    paths = {record["name"]: record["path"] for record in records if record["path"]}
    assert paths == {"draft": str(ROOT / "weights" / "draft.safetensors"), "small": str(path)}
    assert run("download", "small", HF_HOME=str(tmp_path)).stdout == f"small: {path}\n"


def test_download_names_the_licence_and_checks_what_arrives(tmp_path):
    from inference import catalog

    spec = catalog.get("small-indoor")
    with hub_server.serving(bytes(spec.bytes), spec.revision) as server:
        server.claimed = spec.sha256
        changes = {"HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path), "HF_ENDPOINT": server.endpoint}
        result = run("download", "small-indoor", "--accept-license", **changes)
    begun, error = result.stderr.splitlines()
    assert result.returncode == 1
    assert begun.endswith("licence: unstated upstream")
    assert "sha256" in error
    assert not list(tmp_path.glob("hub/models--*/snapshots/*/*"))


def test_download_shows_a_bar_where_somebody_watches(tmp_path):
    from inference import catalog

    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this system")
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    spec = catalog.get("small")
    with hub_server.serving(bytes(spec.bytes), spec.revision) as server:
        server.claimed = spec.sha256
        changes = {"HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path), "HF_ENDPOINT": server.endpoint}
        subprocess.run(command("download"), env=environment(**changes), stderr=theirs, cwd=ROOT, timeout=300)
    os.close(theirs)
    seen = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "99.2M/99.2M" in seen
    assert "B/s" in seen


def test_doctor_without_weights_says_what_is_there_and_what_it_could_check(tmp_path):
    result = run("doctor", HF_HOME=str(tmp_path))
    assert (result.returncode, errors(result)) == (0, [])
    found = {line.split()[0] for line in result.stdout.splitlines()}
    assert {"python", "torch", "device", "memory", "check"} <= found
    assert "python -m inference download" in result.stdout


def test_a_name_that_the_output_has_no_letters_for_is_still_told(tmp_path):
    for name in ("写真 é.png", "plain.png"):
        Image.new("RGB", (60, 40)).save(tmp_path / name)
    names = [tmp_path / "写真 é.png", tmp_path / "plain.png"]
    result = run(*names, *QUICK, PYTHONIOENCODING="cp1252")
    assert result.returncode == 0, result.stderr
    assert r"\u5199\u771f" in result.stdout
    assert (tmp_path / "写真 é.depth.exr").exists()
    assert (tmp_path / "plain.depth.exr").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_an_output_that_takes_nothing_is_told_in_one_line():
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            command("models", "--json"), cwd=ROOT, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert result.returncode == 1
    assert "No space left on device" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("closed", ["2>/dev/full", "2>&-", "<&- >&- 2>&-"])
def test_a_stderr_that_takes_nothing_costs_no_photo(photo, closed):
    shutil.copy(photo, photo.with_name("b.jpg"))
    (photo.parent / "broken.jpg").write_bytes(b"none")
    words = [*command(photo.parent, *QUICK)]
    result = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *words], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert result.returncode == 1  # of the broken one
    assert "Traceback" not in result.stdout + result.stderr
    for name in ("photo", "b"):
        assert read_depth(photo.with_name(f"{name}.depth.exr")).values.shape == (48, 64)
    assert {path.suffix for path in photo.parent.iterdir()} == {".jpg", ".exr"}


def test_an_interrupted_run_gives_the_photos_that_wait_a_record(capsys):
    with pytest.raises(KeyboardInterrupt), estimate._recorded({"b.jpg", "a.jpg"}, True):
        raise KeyboardInterrupt
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert records == [{"photo": name, "error": "interrupted"} for name in ("a.jpg", "b.jpg")]


@pytest.mark.parametrize("wrong", [("--model", "giant"), ("-o", "no/such/folder/a.exr")])
def test_every_input_has_a_record_whatever_ends_the_run(photo, wrong):
    result = run(photo, *wrong, "--json")
    assert result.returncode == 1
    (record,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert record["photo"] == str(photo)
    assert record["error"] in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--max-megapixels", "inf"), "positive number"), (("--threads", "100000"), "logical cores")],
)
def test_a_number_without_sense_is_refused(photo, arguments, words):
    result = run(photo, *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_every_input_has_a_record_also_when_the_model_cannot_be_loaded(tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (60, 40)).save(tmp_path / name)
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    names = [tmp_path / "a.png", tmp_path / "b.png", tmp_path / "missing.png"]
    result = run(*names, "--weights", tmp_path / "broken.safetensors", "--json")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert sorted(record["photo"] for record in records) == sorted(map(str, names))
    assert all(record["error"] for record in records)
