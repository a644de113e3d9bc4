"""The Flamenco job type, compiled by node with the functions that Flamenco's Manager gives a script."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from inference.cli.video import _parser

SCRIPT = Path(__file__).parents[3] / "farm" / "flamenco" / "depth_of_video.js"
MANAGER = """
const author = {
    Task: (name, type) => ({ name, type, commands: [], needs: [],
        addCommand(command) { this.commands.push(command); }, addDependency(task) { this.needs.push(task.name); } }),
    Command: (name, parameters) => ({ name, parameters }),
};
function frameChunker(frames, size) {
    const [first, last] = frames.split("-").map(Number), chunks = [];
    for (let start = first; start <= last; start += size) {
        chunks.push(`${start}-${Math.min(start + size - 1, last)}`);
    }
    return chunks;
}
const tasks = [];
const settings = { clip: "/shots/shot_####.png", output: "/depth", frames: "1-100", chunk_size: 40, model: "small",
    program: "depth-nodes" };
compileJob({ settings, addTask: (task) => tasks.push(task) });
console.log(JSON.stringify({ keys: JOB_TYPE.settings.map((one) => one.key), tasks }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_a_job_of_three_chunks():
    code = SCRIPT.read_text(encoding="utf-8") + MANAGER
    made = subprocess.run(["node", "-"], input=code, capture_output=True, text=True, timeout=300, check=True)
    said = json.loads(made.stdout)
    assert set(said["keys"]) == {"clip", "output", "frames", "chunk_size", "model", "program"}
    chunks = ["1-40", "41-80", "81-100"]
    estimates, finishes = [f"estimate-{chunk}" for chunk in chunks], [f"finish-{chunk}" for chunk in chunks]
    assert [(task["name"], task["needs"]) for task in said["tasks"]] == [
        ("split-1-100", []),
        *((name, ["split-1-100"]) for name in estimates),
        ("measure-1-100", estimates),
        *((name, ["measure-1-100"]) for name in finishes),
    ]
    for task in said["tasks"]:
        (command,) = task["commands"]
        assert (command["name"], command["parameters"]["exe"]) == ("exec", "depth-nodes")
        name, *arguments = command["parameters"]["args"]
        options = _parser().parse_args(arguments)
        assert (name, options.output, options.model) == ("video", "/depth", "small")
        assert task["name"].startswith(options.step)
