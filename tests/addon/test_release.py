"""A release, cut in a scratch repository, and Blender's own client that installs it and updates from it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.addon.process import play
from tools import release

ROOT = Path(__file__).parents[2]
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- This.\n\n## [0.9.0] - 2026-01-02\n\n- That.\n"


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    """The sources as they are here, in a repository of their own."""
    folder = tmp_path_factory.mktemp("scratch")
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        is_needed = name.split("/")[0] not in ("tests", "training", "docs") or name.endswith(".lock")
        if name and (ROOT / name).is_file() and is_needed:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    list_a_fault(folder)  # just after a release, nothing is listed
    git(folder, "init", "--quiet")
    for setting in ("user.name=Tester", "user.email=tester@localhost", "commit.gpgsign=false", "tag.gpgsign=false"):
        git(folder, "config", *setting.split("="))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def list_a_fault(folder: Path) -> None:
    """Add a line to what the changelog lists under Unreleased."""
    changelog = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    changelog = changelog.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Fixed\n\n- A fault.\n", 1)
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `tools.release` in a checkout, in this Blender."""
    command = [sys.executable, "-m", "tools.release", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def client(url: str, home: Path) -> dict:
    """Let Blender's client take the newest release from a repository; see client.py."""
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(home)}
    return play("client.py", url, environment=environment, home=home, seconds=300)


def stated(folder: Path) -> str:
    return tomllib.loads((folder / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]


def test_blender_installs_a_release_and_updates_to_the_next(scratch: Path, tmp_path: Path) -> None:
    first, before = stated(scratch), git(scratch, "rev-parse", "HEAD").strip()
    unreleased = release.section((scratch / "CHANGELOG.md").read_text(encoding="utf-8"), "Unreleased")
    answer = run(scratch)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert git(scratch, "rev-parse", f"v{first}^{{commit}}") == git(scratch, "rev-parse", "HEAD~1")
    assert git(scratch, "rev-parse", "HEAD~2").strip() == before
    assert git(scratch, "status", "--porcelain") == ""
    record = scratch / "tests" / "node_groups" / "released" / f"{first}.lock"
    assert record.read_bytes() == (ROOT / "node_groups" / "sockets.lock").read_bytes()

    repository = scratch / "build" / "release" / "repository"
    archive = repository / f"depth_nodes-{first}.zip"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (repository / f"{archive.name}.sha256").read_text() == f"{digest}  {archive.name}\n"
    assert (scratch / "build" / "release" / "notes.md").read_text(encoding="utf-8").strip() == unreleased
    url = (repository / "index.json").as_uri()
    took = client(url, tmp_path)
    assert took == {"listed": [["depth_nodes", first]], "version": first, "enabled": True}

    second = stated(scratch)
    assert release.numbers(second) > release.numbers(first)
    refused = run(scratch)
    assert refused.returncode != 0
    assert "Unreleased" in refused.stderr
    list_a_fault(scratch)
    assert "git status" in run(scratch).stderr
    git(scratch, "commit", "--quiet", "--all", "--message", "Mend a fault")
    answer = run(scratch)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    took = client(url, tmp_path)
    assert took == {"listed": [["depth_nodes", second]], "version": second, "enabled": True}


def test_a_release_without_its_files_changes_nothing(scratch: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(scratch), str(folder))
    git(folder, "config", "user.name", "Tester")
    git(folder, "config", "user.email", "tester@localhost")
    for name, old, new in (
        ("blender_manifest.toml", 'id = "depth_nodes"', 'id = "depth nodes"'),
        ("CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n- Something.\n"),
    ):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    git(folder, "commit", "--quiet", "--all", "--message", "Spoil the manifest")
    before = git(folder, "rev-parse", "HEAD")
    answer = run(folder, "5.0.0")
    assert answer.returncode != 0
    assert "refuses" in answer.stderr
    assert git(folder, "rev-parse", "HEAD") == before
    assert git(folder, "status", "--porcelain") == git(folder, "tag", "--list", "v5.0.0") == ""


def test_the_tag_must_be_the_versions(scratch: Path) -> None:
    answer = run(scratch, "files", "--tag", "v99.0.0")
    assert answer.returncode != 0
    assert "v99.0.0" in answer.stderr


def test_what_was_unreleased_is_what_the_version_brought() -> None:
    done = release.cut(CHANGELOG, "1.0.0", "2026-02-03")
    assert release.section(done, "Unreleased") == ""
    assert release.section(done, "1.0.0") == "### Added\n\n- This."
    assert release.section(done, "0.9.0") == "- That."
    assert "## [1.0.0] - 2026-02-03\n" in done
    assert release.last_release(done) == "1.0.0"
    with pytest.raises(SystemExit, match="Unreleased"):
        release.cut(done, "1.0.1", "2026-02-03")


@pytest.mark.parametrize("version", ["0.9.0", "0.8.7", "1.0", "1.0.0-dev", "v1.0.0"])
def test_a_version_that_is_no_newer_one_is_refused(version: str) -> None:
    with pytest.raises(SystemExit, match=version):
        release.cut(CHANGELOG, version, "2026-02-03")
