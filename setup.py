"""What the package holds: `inference/` as `depth_nodes_inference`, and the weights that come with the program."""

import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
NAME = "depth_nodes_inference"

packages = {NAME: "inference"}
for init in sorted(ROOT.glob("inference/*/__init__.py")):
    packages[f"{NAME}.{init.parent.name}"] = f"inference/{init.parent.name}"
if (ROOT / "weights").is_dir():
    packages[f"{NAME}.weights"] = "weights"

setup(
    version=tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"],
    # Blender reads what the worker answers as .npy; OpenEXR is for the files of the command line.
    install_requires=[*(ROOT / "inference" / "requirements.txt").read_text(encoding="utf-8").split(), "OpenEXR==3.5.3"],
    packages=list(packages),
    package_dir=packages,
    package_data={NAME: ["requirements.txt"], f"{NAME}.weights": ["*"]},
)
