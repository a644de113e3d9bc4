"""The one error family of the extension. Each message names what is wrong and what to do next; operators report it."""


def printable(text: str) -> str:
    """Return a text in one line that Blender takes; letters of a file's name that are not UTF-8 become "?"."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split("\n"))


def first_line(error: BaseException) -> str:
    """Return what an exception of somebody else's says, in one line: its first one, or its name."""
    lines = [line.strip() for line in str(getattr(error, "strerror", None) or error).splitlines()]
    said = next((line for line in lines if line), "").removeprefix("Error: ")  # what Blender's operators begin with
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


class DepthNodesError(Exception):
    """Root of every error that an artist can meet. Its text is shown as it stands, in one line."""

    def __str__(self) -> str:
        return printable(super().__str__())


class DepthFileError(DepthNodesError):
    """A depth file is missing, damaged, or holds no depth that can be read without loss."""


class DepthImageError(DepthNodesError):
    """A depth array or the image that should carry it cannot be used."""


class PhotoError(DepthNodesError):
    """A photo is missing or damaged, or no depth map was found for it."""


class ModifierError(DepthNodesError):
    """A modifier has no such input, or the input does not take this value."""


class AssetError(DepthNodesError):
    """The asset file of the extension is missing, or lacks what was asked for."""


class FreezeError(DepthNodesError):
    """A relief cannot be frozen or unfrozen as it is."""


class EngineError(DepthNodesError):
    """The Python that estimates depth is missing, incomplete, or cannot be made."""


class EstimateError(DepthNodesError):
    """A depth could not be estimated."""
