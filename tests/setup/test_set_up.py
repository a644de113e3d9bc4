"""Set Up Engine for real: pip, the package index, torch. A suite of its own, since it downloads 250 MB."""

import subprocess
import sys

from tests.addon.enabled import install, place, probe


def test_an_engine_is_made_over_half_a_one_and_runs(tmp_path):
    folder = tmp_path / "Künstler in" / "engine"  # a name that is not plain
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    made = install.Installation(folder, place.BACKENDS[0])
    made.start()
    made.join(1200.0)
    assert made.state == "done", made.log[-3000:]
    engine = place.own_engine(folder)
    assert engine.versions["torch"].startswith("2.13.0")
    table = probe.doctor(engine)
    assert "device" in table
    assert str(folder) in table
