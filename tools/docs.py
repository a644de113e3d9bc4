"""Builds the documentation site into build/site, and fails on a broken link or anchor.

    python3 -m tools.docs

copies the pages of docs/ and the root's documents to build/docs, makes the reference there from the code, and runs
MkDocs over it. It runs in any Python of 3.9 or newer; what it starts runs in the environments that it needs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import environments

ROOT = environments.ROOT
PAGES, SOURCE, SITE = ROOT / "docs", ROOT / "build" / "docs", ROOT / "build" / "site"
CONFIG = PAGES / "mkdocs.yml"
OF_THE_ROOT = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
ENVIRONMENTS = ("bpy-4.5", "inference", "docs")
COMMANDS = ("", "video", "mesh", "prior", "models", "download", "doctor")  # of `python -m inference`; "" estimates


def collect() -> None:
    """Copy what is written by hand. Links out of the site, to files of the repository, become plain text."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(PAGES, SOURCE, ignore=shutil.ignore_patterns(CONFIG.name))
    for name in OF_THE_ROOT:
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
        (SOURCE / name).write_text(without_links_out(text), encoding="utf-8")


def without_links_out(text: str) -> str:
    """Return a page in which links to files that are not part of the site are plain text."""

    def inside(link: re.Match[str]) -> str:
        target = link[2].partition("#")[0]
        known = not target or "://" in target or target in OF_THE_ROOT or (PAGES / target).exists()
        return link[0] if known else link[1]

    return re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", inside, text)


def write_commands(python: Path) -> None:
    """Write the reference of the command line from what its --help says."""
    parts = ["# Command line reference", "What `--help` prints, for each command."]
    for command in COMMANDS:
        words = ("python", "-m", "inference", *((command,) if command else ()))
        answer = subprocess.run(
            [str(python), *words[1:], "--help"],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "88", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        parts += [f"## {command or 'estimate'}", f"```text\n$ {' '.join(words)} --help\n{answer.stdout.strip()}\n```"]
    (SOURCE / "reference").mkdir(exist_ok=True)
    (SOURCE / "reference" / "command-line.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def run_mkdocs(python: Path) -> bool:
    """Build the site from what was collected; return whether all links and anchors lead somewhere."""
    command = [str(python), "-m", "mkdocs", "build", "--strict", "--config-file", str(CONFIG)]
    settings = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # about a successor, on every run
    return subprocess.run([*command, "--site-dir", str(SITE)], env=settings, check=False).returncode == 0


def build(pythons: Mapping[str, Path]) -> bool:
    """Build the site with the Pythons of the environments; return whether it is whole."""
    collect()
    groups = (str(pythons["bpy-4.5"]), "-m", "node_groups.reference", str(SOURCE / "groups"))
    subprocess.run(groups, cwd=ROOT, check=True)
    write_commands(pythons["inference"])
    return run_mkdocs(pythons["docs"])


def main() -> None:
    """Make the environments and the site, and print where it begins."""
    try:
        pythons = {name: environments.ensure(name) for name in ENVIRONMENTS}
    except environments.EnvironmentMissingError as problem:
        raise SystemExit(str(problem)) from None
    if not build(pythons):
        raise SystemExit("The documentation has broken links or anchors: see the warnings above")
    print(SITE / "index.html")


if __name__ == "__main__":
    main()
