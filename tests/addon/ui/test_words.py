"""What another operator reported, in English and in a translated Blender."""

import pytest

from tests.addon.enabled import words

import bpy  # isort: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Error: a.jpg can't be read: it is cut off", "a.jpg can't be read: it is cut off"),
        ("错误: a.jpg can't be read: it is cut off\n", "a.jpg can't be read: it is cut off"),
        ("a.jpg: no such file", "a.jpg: no such file"),
        ("Error", "Error"),
    ],
)
def test_the_word_before_a_report_goes_in_every_language(monkeypatch, text, said):
    monkeypatch.setattr(words, "bpy", Translated)
    assert words.reported(RuntimeError(text)) == said


def test_what_an_operator_of_blender_reported():
    with pytest.raises(RuntimeError) as caught:
        bpy.ops.wm.open_mainfile(filepath="/missing/scene.blend")
    assert words.reported(caught.value).startswith("Cannot read file")


class Translated:
    """Blender in Chinese, which a bpy wheel has no words for."""

    class app:
        class translations:
            pgettext_rpt = staticmethod({"Error": "错误"}.__getitem__)
