"""Cuts a release: the changelog, the tag, and the files that Blender installs and updates from.

    python -m tools.release [VERSION]
    python -m tools.release files [--tag TAG]

runs in an environment with bpy. The first form releases the version that the manifest states, or VERSION, from a clean
checkout: it dates what the changelog lists under Unreleased, makes the files, records the identifiers of the sockets,
commits, tags, and raises the manifest's version in a second commit. It pushes nothing. The second form makes the files
alone, of what is checked out.

The files are in build/release: notes.md, and in repository/ the zip, its checksum and the index.json and index.html of
a static extension repository. Served from any address, index.json is what Blender takes as a repository's URL.
"""

import argparse
import datetime
import hashlib
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from . import package

ROOT = package.ROOT
MANIFEST, CHANGELOG, CITATION = (ROOT / name for name in ("blender_manifest.toml", "CHANGELOG.md", "CITATION.cff"))
SOCKETS = ROOT / "node_groups" / "sockets.lock"
RELEASED = ROOT / "tests" / "node_groups" / "released"  # each release's sockets, which no later one may renumber
RESULT = ROOT / "build" / "release"


def stated_version() -> str:
    """Return the version that the manifest states."""
    return tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["version"]


def section(changelog: str, name: str) -> str:
    """Return what a changelog lists under "Unreleased" or a version, without its heading; "" without such a heading."""
    found = re.search(rf"^## \[{re.escape(name)}\][^\n]*\n(.*?)(?=^## |\Z)", changelog, flags=re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def last_release(changelog: str) -> str:
    """Return the version of a changelog's first dated heading."""
    found = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, flags=re.MULTILINE)
    if found is None:
        raise SystemExit("CHANGELOG.md has no heading of a release")
    return found[1]


def cut(changelog: str, version: str, date: str) -> str:
    """Return a changelog in which what was unreleased is what `version` brought. Raises SystemExit if it can't be."""
    if not section(changelog, "Unreleased"):
        raise SystemExit("Nothing is listed under Unreleased in CHANGELOG.md: there is nothing to release")
    last = last_release(changelog)
    if numbers(version) <= numbers(last):
        raise SystemExit(f"{version} is not newer than the last release, {last}: name a newer version")
    return changelog.replace("## [Unreleased]\n", f"## [Unreleased]\n\n## [{version}] - {date}\n", 1)


def numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers, in the order in which versions compare. Raises SystemExit if it is not one."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise SystemExit(f"{version} is not a version: write it as 1.2.3")
    return tuple(map(int, version.split(".")))


def replace(path: Path, pattern: str, text: str) -> None:
    """Replace the one line of a file that matches a pattern."""
    changed, count = re.subn(pattern, text, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if count != 1:
        raise SystemExit(f"{path.name} has {count} lines like {pattern}, where there should be one")
    path.write_text(changed, encoding="utf-8")


def git(*arguments: str) -> str:
    """Run git in the checkout and return what it prints. Raises SystemExit if it fails."""
    answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"git {arguments[0]} failed: {answer.stderr.strip()}")
    return answer.stdout


def make_files(tag: str | None = None) -> None:
    """Make the zip, its checksum, the notes and the repository of what is checked out, and print their paths."""
    version = stated_version()
    if tag not in (None, f"v{version}"):
        raise SystemExit(
            f"The tag is {tag}, but the manifest states {version}: tag the commit that `make release` made"
        )
    notes = section(CHANGELOG.read_text(encoding="utf-8"), version)
    if not notes:
        raise SystemExit(f"CHANGELOG.md has nothing under {version}: `make release` cuts it")
    shutil.rmtree(RESULT, ignore_errors=True)
    repository = RESULT / "repository"
    archive = package.build(repository)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive.with_name(f"{archive.name}.sha256").write_text(f"{digest}  {archive.name}\n", encoding="utf-8")
    package.for_platform(archive, RESULT)
    package.packager("server-generate", "--repo-dir", str(repository), "--html")
    (RESULT / "notes.md").write_text(f"{notes}\n", encoding="utf-8")
    for path in sorted(path for path in RESULT.rglob("*") if path.is_file()):
        print(path)


def set_version(version: str) -> None:
    """Write a version into the manifest."""
    replace(MANIFEST, r'^version = ".*"$', f'version = "{version}"')


def release(version: str) -> None:
    """Cut, make the files, commit, tag, and go on with the next version. Without the files nothing is committed."""
    if git("status", "--porcelain"):
        raise SystemExit("The checkout has changes: commit or remove them first (`git status` lists them)")
    if git("tag", "--list", f"v{version}"):
        raise SystemExit(f"The tag v{version} exists: raise the version, or remove the tag if it was never published")
    date = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    changelog = cut(CHANGELOG.read_text(encoding="utf-8"), version, date)
    try:
        set_version(version)
        CHANGELOG.write_text(changelog, encoding="utf-8")
        replace(CITATION, r"^version: .*$", f"version: {version}")
        replace(CITATION, r"^date-released: .*$", f"date-released: {date}")
        make_files()
    except BaseException:
        git("checkout", "--", MANIFEST.name, CHANGELOG.name, CITATION.name)
        raise
    shutil.copyfile(SOCKETS, RELEASED / f"{version}.lock")
    git("add", str(RELEASED))
    git("commit", "--all", "--message", f"Release {version}")
    git("tag", "--annotate", f"v{version}", "--message", f"Depth Nodes {version}")
    major, minor, patch = numbers(version)
    following = f"{major}.{minor}.{patch + 1}"
    set_version(following)
    git("commit", "--all", "--message", f"Work towards {following}")
    print(f"{version} is committed and tagged here as v{version}. To publish it: git push origin HEAD v{version}")


def main() -> None:
    """Release, or make the files alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", metavar="VERSION|files", help="the manifest's version, if not given")
    parser.add_argument("--tag", help="with `files`: the tag that is checked out, which must be this version's")
    given = parser.parse_args()
    if given.what == "files":
        make_files(given.tag)
    else:
        release(given.what or stated_version())


if __name__ == "__main__":
    main()
