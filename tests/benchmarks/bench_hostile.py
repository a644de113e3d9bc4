"""2,306 hostile photos and as many damaged depth maps through both sides: `python -m tests.benchmarks.bench_hostile`.

The photos go through the engine's reader and the extension, and a quarter of them through the command line with the
built-in model; the depth maps go through an import. What may never come: a traceback, an end of the process, a picture
turned otherwise than on the other side, part of a picture for the whole of a cut file, a record that is missing, a file
that is half written. The run fails if any does.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests import pictures
from tests.benchmarks import hostile_files
from tests.benchmarks.hostile_side import LIMIT
from tests.material import material

COUNT = 2306
AT_ONCE = 300  # files a process
PATIENCE = 900  # seconds for them
ESTIMATED = 4  # of so many photos one goes through the command line, which estimates its depth
SURE = 0.1  # by how much another orientation has to fit better

Found = dict[str, dict[str, object]]


def main() -> None:
    """Print a table, and every fault."""
    count = int(sys.argv[1]) if sys.argv[1:] else COUNT
    with tempfile.TemporaryDirectory(prefix="hostile_") as name:
        folder = Path(name)
        photos = hostile_files.photos(folder / "photos", count, _real())
        depths = hostile_files.depth_maps(folder / "depths", count)
        engine, addon = (_read(side, photos, folder) for side in ("engine", "photo"))
        depth = _read("depth", depths, folder)
        faults = [fault for found in (engine, addon, depth) for fault in _ended(found)]
        faults += [fault for found in (engine, addon, depth) for fault in _half(found)]
        faults += _turned(engine, addon)
        faults += [fault for found in (engine, addon) for fault in _lying(found)]
        records, told = _command_line(photos[::ESTIMATED], folder / "out")
        faults += told
    print(f"{'':34s}{'read':>8s}{'refused':>9s}{'else':>6s}")
    for title, found in (
        ("photos, the engine", engine),
        ("photos, the command line", records),
        ("photos, the extension", addon),
        ("depth maps, the extension", depth),
    ):
        came = Counter(str(said["came"]) for said in found.values())
        print(f"{title:34s}{came['read']:8d}{came['refused']:9d}{came.total() - came['read'] - came['refused']:6d}")
    print(f"faults: {len(faults)}")
    for fault in faults:
        print("  " + fault)
    if faults:
        raise SystemExit(1)


def _real() -> list[Path]:
    """Return the pictures of the test material, where there is one."""
    try:
        folders = [material(name) for name in ("images", "heic")]
    except pytest.skip.Exception:
        return []
    return sorted(path for folder in folders for path in folder.rglob("*.*"))


def _read(side: str, files: list[Path], folder: Path) -> Found:
    """Have one side read the files, in a new process wherever one has ended the last."""
    results = folder / f"{side}.jsonl"
    found: Found = {}
    photo = pictures.write(folder, "portable.png")
    waiting = [str(path) for path in files]
    while waiting:
        program = [sys.executable, "-m", "tests.benchmarks.hostile_side"]
        command = [*program, side, str(photo), str(results), *waiting[:AT_ONCE]]
        results.write_text("")
        try:
            ended = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode
        except subprocess.TimeoutExpired:
            ended = "a hang"
        lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
        if not lines:
            raise SystemExit(f"{side} reads nothing: {command[:5]}")
        found |= {str(line["file"]): line for line in lines}
        last = found[str(lines[-1]["file"])]
        if "came" not in last:
            last.update(came="end", words=f"the process ended with {ended}")
        waiting = [name for name in waiting if name not in found]
    return found


def _ended(found: Found) -> list[str]:
    return [
        f"{Path(name).name}: {said['words']}" for name, said in found.items() if said["came"] in ("traceback", "end")
    ] + [
        f"{Path(name).name}: more than a line: {said['words']!r}"
        for name, said in found.items()
        if said["came"] == "refused" and len(str(said["words"]).splitlines()) != 1
    ]


def _half(found: Found) -> list[str]:
    """Cut files that were read although they are not the whole."""
    whole = {Path(name).name[:4]: said for name, said in found.items() if "_whole_" in Path(name).name}
    faults = []
    for name, said in found.items():
        _, how, source = Path(name).stem.split("_", 2)
        if how == "cut" and said["came"] == "read" and said["hash"] != whole[source[:4]].get("hash"):
            faults.append(f"{Path(name).name}: half of {whole[source[:4]]['file']} was taken for the whole")
    return faults


def _turned(engine: Found, addon: Found) -> list[str]:
    """Photos that both sides read, and that lie otherwise on one of them."""
    faults = []
    for name, ours in engine.items():
        theirs = addon[name]
        if ours["came"] != "read" or theirs["came"] != "read":
            continue
        first, second = (np.array(said["small"]) for said in (ours, theirs))
        turns = [np.rot90(turned, times) for turned in (second, second.T) for times in range(4)]
        fits = [_alike(first, turn) for turn in turns]
        if ours["size"] != theirs["size"]:
            faults.append(f"{Path(name).name}: {ours['size']} for the engine, {theirs['size']} in Blender")
        elif max(fits) > fits[0] + SURE:
            faults.append(f"{Path(name).name}: turned (alike {fits[0]:.2f}, otherwise {max(fits):.2f})")
    return faults


def _lying(found: Found) -> list[str]:
    """Whole photos that note how they lie, and that are not shown as the same photo is that lies upright."""
    whole = {Path(name).name.split("_", 2)[2]: said for name, said in found.items() if "_whole_" in Path(name).name}
    faults = []
    for name, said in whole.items():
        if name.startswith("turned"):
            upright = whole[f"turned1{Path(name).suffix}"]
            same = said["came"] == upright["came"] == "read" and said["size"] == upright["size"]
            if not same or _alike(np.array(said["small"]), np.array(upright["small"])) < 1.0 - SURE:
                faults.append(f"{name}: not as it was taken")
    return faults


def _alike(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float((first * second).sum()) / size if size else 1.0


def _command_line(photos: list[Path], out: Path) -> tuple[Found, list[str]]:
    """Run the command over all photos; return its records, and what is wrong with them or with what it wrote."""
    options = ["--model", "draft", "--json", "--format", "npy", "--max-megapixels", str(LIMIT / 1e6), "-o", f"{out}/"]
    command = [sys.executable, "-m", "inference", *map(str, photos), *options]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    records = {line["photo"]: {**line, "came": "read" if "output" in line else "refused"} for line in lines}
    faults = [f"{path.name}: no record" for path in photos if str(path) not in records]
    faults += [f"{len(lines) - len(records)} records more than photos"] if len(lines) != len(records) else []
    faults += [f"on stderr: {line}" for line in run.stderr.splitlines() if not line.startswith(("error: ", "note: "))]
    for record in records.values():
        if record["came"] == "read":
            values = np.load(record["output"])
            if values.shape != (record["height"], record["width"]) or not np.isfinite(values).all():
                faults.append(f"{record['output']}: not a whole depth map")
    expected = {Path(record["output"]) for record in records.values() if record["came"] == "read"}
    faults += [f"left behind: {path.name}" for path in out.iterdir() if path not in expected]
    return records, faults


if __name__ == "__main__":
    main()
