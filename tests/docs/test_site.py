"""The documentation as a reader gets it: built from the checkout, with every link leading somewhere."""

import re
from pathlib import Path

import pytest

from tools import docs, environments


@pytest.fixture(scope="module")
def site() -> Path:
    """The site, built anew."""
    assert docs.build({name: environments.ensure(name) for name in docs.ENVIRONMENTS})
    return docs.SITE


def words(path: Path) -> str:
    """Return a page without its tags, spaces made one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", path.read_text(encoding="utf-8")))


def test_the_reference_is_made_from_the_code(site: Path) -> None:
    groups = (environments.ROOT / "node_groups" / "catalog.py").read_text(encoding="utf-8")
    names = re.findall(r"^    (\w+),$", groups[groups.index("MODULES") :], flags=re.MULTILINE)
    assert "depth_relief" in names
    pages = {path.stem for path in (site / "groups").glob("*.html")} - {"index"}
    assert pages == {name.replace("edge_aware", "edge-aware").replace("_", "-") for name in names}
    for page in pages:
        assert (site / "groups" / f"{page}.svg").stat().st_size > 1000
        assert (site / "groups" / f"{page}.png").stat().st_size > 1000
    assert "--skip-existing" in words(site / "reference" / "command-line.html")
    assert "from_files" in words(site / "scripting.html")


def test_broken_links_fail(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    links = ("missing.md", "limits.md#no-such-heading", "#nor-this-one", "missing.jpg")
    page = docs.SOURCE / "farm.md"
    text = page.read_text(encoding="utf-8")
    monkeypatch.setattr(docs, "SITE", tmp_path)
    try:
        page.write_text(text + "".join(f"\n[Broken]({link})\n" for link in links), encoding="utf-8")
        assert not docs.run_mkdocs(environments.ENVIRONMENTS["docs"].executable)
    finally:
        page.write_text(text, encoding="utf-8")
    warnings = [line for line in capfd.readouterr().err.splitlines() if line.startswith("WARNING")]
    assert len(warnings) == len(links)
    assert all(any(f"'{link}'" in line for line in warnings) for link in links)


def test_links_out_of_the_site_become_text() -> None:
    text = "See [the table](tools/environments.py), [limits](limits.md), [here](#top) and [there](https://example.org)."
    kept = docs.without_links_out(text)
    assert kept == "See the table, [limits](limits.md), [here](#top) and [there](https://example.org)."


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loads = re.compile(
        r"<(?:script|img|iframe)[^>]* src=\"?(https?:[^\" >]+)|<link[^>]*stylesheet[^>]* href=\"?(https?:[^\" >]+)"
    )
    assert [path.name for path in site.rglob("*.html") if loads.search(path.read_text(encoding="utf-8"))] == []
