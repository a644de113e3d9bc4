"""The README's pictures of Blender's window, cut from what `make test-gui` left: `make screenshots`."""

from PIL import Image

from tests.gui.window import BUILD, ROOT

# name in docs/: the scene's picture, and what of it (left, top, right, bottom)
PICTURES = {
    "window_estimate": ("trouble/image_progress", (660, 26, 1320, 546)),
    "window_drop": ("photo/choice", (0, 40, 1320, 906)),
    "window_menu": ("add_menu/menu_0", (440, 130, 1360, 734)),
    "window_assets": ("asset_browser/previews", (0, 0, 1311, 312)),
}
WIDTH = 640  # pixels


def main() -> None:
    """Write the pictures, in 256 colours."""
    for name, (source, box) in PICTURES.items():
        picture = Image.open(BUILD / f"{source}.png").convert("RGB").crop(box)
        size = (WIDTH, round(picture.height * WIDTH / picture.width))
        small = picture.resize(size, Image.Resampling.LANCZOS).quantize(256)
        small.save(ROOT / "docs" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
