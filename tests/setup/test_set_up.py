"""Set Up Engine for real: pip, the package index, torch. A suite of its own, since it downloads 250 MB."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.addon.enabled import backends, install, place, probe


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> place.Made:
    """An engine for the CPU, in a folder whose name is not plain."""
    folder = tmp_path_factory.mktemp("Künstler in")
    made = install.Installation(folder, next(one for one in backends.backends() if one.name in ("cpu", "apple")))
    made.start()
    made.join(1200.0)
    assert made.state == "done", made.log[-3000:]
    (found,) = place.made(folder)
    assert found.folder == made.folder
    return found


def test_an_engine_is_made_and_runs(engine):
    assert engine.engine.versions["torch"].partition("+")[0] == backends.torch_version()
    assert 0.2e9 < engine.size < 1.5 * backends.backends()[0].disk
    table = probe.doctor(engine.engine)
    assert "device" in table
    assert str(engine.folder) in table


def test_what_the_locks_hold_lacks_nothing(engine):
    command = [engine.engine.python, "-m", "pip", "check"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_no_path_is_longer_than_windows_is_promised(engine):
    (site,) = engine.folder.glob("lib/python*/site-packages" if sys.platform != "win32" else "Lib/site-packages")
    longest = max((path.relative_to(site) for path in Path(site).rglob("*")), key=lambda path: len(str(path)))
    assert len(str(longest)) <= install.LONGEST, longest
