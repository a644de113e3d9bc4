"""What the interface does with a relief does not depend on the relief's resolution."""

import pytest


@pytest.fixture(autouse=True)
def _coarse(coarse: None) -> None:
    """Let every relief be coarse."""
