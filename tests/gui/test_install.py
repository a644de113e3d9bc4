"""The zip, installed by Blender's own command line."""


def test_the_zip_is_installed_and_stays_enabled(installed, play) -> None:
    assert 'Installed "depth_nodes"' in installed
    first = play("install:enabled")
    assert play("install:enabled", keep=True) == first
