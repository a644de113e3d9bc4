"""The house rules that a test can hold, read from the syntax trees of the sources: nothing is imported here."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = 300
MAY_PRINT = ("inference/cli/",)
# Where one job may fail of anything, alone.
EVENT_LOOPS = {"addon/engine/jobs.py", "inference/worker/serve.py", "inference/cli/batch.py"}
BLENDERS_OWN = {"register", "unregister"}  # what they do is said by Blender's manual
LABELLED = {"Menu", "Panel", "AddonPreferences"}  # bases of classes whose bl_label or place says what they are

# Package or room -> what it may import besides the standard library and its own modules. `addon` knows `inference` by
# the modules below, which need numpy at most. Change the table where the house changes; never go around it.
BLENDER = {
    "bpy",
    "bl_operators",
    "bpy_extras",
    "mathutils",
    "gpu",
    "gpu_extras",
    "addon_utils",
    "bl_ui",
    "nodeitems_utils",
    "rna_prop_ui",
}
SHARED = {  # by all rooms of `addon`
    "inference.catalog",
    "inference.errors",
    "inference.exr",
    "inference.first_picture",
    "inference.orientation",
    "inference.paths",
    "inference.picture",
    "inference.png",
}
ENGINE = {
    "inference.cache",
    "inference.video.frames",  # numbers of frames as text
    "inference.video.raw",  # which frames of a clip are there already; it needs numpy alone
    "inference.video.layers",  # where the files of a clip lie
    "inference.worker.protocol",
    "inference.embedded.find",  # which photos bring depth; it needs numpy at most
    "inference.draft.architecture",  # with `resize`: what of a photo the built-in model makes use of
    "inference.draft.resize",
}
CONTROL = {"inference.constraint", "inference.depth"}  # a depth map for diffusion models
PRIOR = {f"inference.prior.{name}" for name in ("dataset", "targets", "write_colmap")}  # a dataset for splatting
EVERYWHERE = BLENDER | SHARED | {"numpy", "addon.errors", "addon.version"}  # in `addon`
MAY_IMPORT = {
    "__init__.py": {"addon"},
    "addon": BLENDER
    | SHARED
    | ENGINE
    | CONTROL
    | PRIOR
    | {"numpy", "OpenImageIO", "inference.backdrop", "inference.background", "inference.steps"},
    "addon/depth": EVERYWHERE | {"OpenImageIO", "inference.backdrop", "inference.depth", "inference.steps"},
    "addon/scene": EVERYWHERE | CONTROL | PRIOR | {"inference.background", "addon.depth"},
    "addon/engine": EVERYWHERE | ENGINE | {"addon.depth"},
    "addon/ui": EVERYWHERE | {"inference.cache", "addon.depth", "addon.scene", "addon.engine"},
    "node_groups": BLENDER | {"numpy", "OpenEXR", "inference.background"},
    "inference": {
        "numpy",
        "torch",
        "PIL",
        "pillow_heif",
        "OpenEXR",
        "safetensors",
        "huggingface_hub",
        "filelock",  # what huggingface_hub locks its downloads with
        "httpx2",  # what huggingface_hub speaks through
        "tqdm",
        "av",
    },
    "tools": BLENDER
    | {"numpy", "OpenEXR", "PIL", "packaging", "training.accuracy"}
    | {f"inference.{name}" for name in ("mesh", "prior", "constraint", "maps", "photo")},
    "training": BLENDER | {"numpy", "torch", "PIL", "OpenEXR", "safetensors", "inference.draft", "inference.predict"},
}
ONLY_STANDARD_LIBRARY = (
    "inference/__init__.py",
    "inference/cache.py",
    "inference/catalog.py",
    "inference/errors.py",
    "inference/first_picture.py",
    "inference/paths.py",
    "inference/worker/__init__.py",
    "inference/worker/protocol.py",
    "addon/errors.py",
)
# Blender imports these.
ONLY_NUMPY = (
    "inference/backdrop.py",
    "inference/background.py",
    "inference/constraint.py",
    "inference/depth.py",
    "inference/draft/resize.py",
    "inference/edges.py",
    *(
        f"inference/embedded/{name}.py"
        for name in ("apple", "apple_heic", "apple_jpeg", "dynamic_depth", "embedded", "find", "gdepth", "huawei")
    ),
    *(f"inference/embedded/{name}.py" for name in ("jpeg", "ranges", "samsung", "stored", "xmp")),
    "inference/exr.py",
    "inference/orientation.py",
    "inference/picture.py",
    "inference/png.py",
    "inference/prior/colmap.py",
    "inference/prior/dataset.py",
    "inference/prior/targets.py",
    "inference/prior/transforms.py",
    "inference/resample.py",
    "inference/prior/write_colmap.py",
    "inference/push_pull.py",
    "inference/steps.py",
    "inference/mesh/shape.py",  # and these beside the node groups, which they are held against
    "inference/mesh/samples.py",
    "inference/mesh/cut.py",
    "inference/mesh/layers.py",
)
# Run from the checkout alone; they name their neighbours in full.
BESIDE = ("tools/", "training/", "node_groups/previews.py")
PACKAGES = tuple(name for name in MAY_IMPORT if name != "__init__.py" and "/" not in name)
WITHOUT_BPY = {
    "addon/errors.py",
    "addon/version.py",
    "addon/depth/clean.py",
    "addon/depth/files.py",
    "addon/depth/meaning.py",
    "addon/depth/picture.py",
    "addon/depth/stored.py",
    "addon/engine/backends.py",
    "addon/engine/client.py",
    "addon/engine/install.py",
    "addon/engine/place.py",
    "addon/engine/probe.py",
    "addon/engine/process.py",
    "addon/engine/sources.py",
    "addon/engine/uninstall.py",
}
LONGEST_CHAIN = 9  # modules of `addon`, from one that imports no other up to the one that registers all


def sources(*folders: str) -> list[str]:
    """Return the Python files of the repository in `folders`, relative to its root."""
    paths = [ROOT / "__init__.py"] if "__init__.py" in folders else []
    paths += [path for folder in folders if folder != "__init__.py" for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path.relative_to(ROOT).as_posix() for path in paths]


SHIPPED = sources("__init__.py", *PACKAGES)
ALL = [*SHIPPED, *sources("tests")]


def tree(path: str) -> ast.Module:
    """Return the syntax tree of a file of the repository."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), path)


def imports(path: str) -> Iterator[tuple[int, str]]:
    """Yield each import of a file, also those inside functions: its line, and the module as seen from the root."""
    here = path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module
        elif isinstance(node, ast.ImportFrom):
            above = node.level - 1
            assert above <= len(here), f"{path}:{node.lineno} imports from outside the repository"
            base = [*here[: len(here) - above], *(node.module.split(".") if node.module else ())]
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)


def allowed(module: str, names: set[str]) -> bool:
    """Whether a dotted module is one of `names` or inside one of them."""
    parts = module.split(".")
    return any(".".join(parts[:count]) in names for count in range(1, len(parts) + 1))


def calls(path: str, *names: str) -> list[str]:
    """Return where a file calls one of the built-in functions `names`."""
    nodes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [f"{path}:{node.lineno}" for node in nodes if node.func.id in names]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_follow_the_table(package: str) -> None:
    names = set(sys.stdlib_module_names) | {package.replace("/", ".")} | MAY_IMPORT[package]
    found = [(path, *entry) for path in sources(package) for entry in imports(path)]
    assert found or package == "__init__.py"
    assert [entry for entry in found if not allowed(entry[-1], names)] == []


def test_seams_need_the_standard_library_only() -> None:
    paths = [path for path in SHIPPED if path in ONLY_STANDARD_LIBRARY]
    names = set(sys.stdlib_module_names) | {"inference.catalog", "inference.errors", "addon.errors"}
    found = [(path, *entry) for path in paths for entry in imports(path)]
    assert [entry for entry in found if not allowed(entry[-1], names)] == []


def test_what_blender_shares_with_the_engine_needs_numpy_only() -> None:
    names = {*sys.stdlib_module_names, "numpy", *(path.removesuffix(".py").replace("/", ".") for path in ONLY_NUMPY)}
    names |= {"inference.catalog", "inference.errors", "inference.paths"}
    found = [(path, *entry) for path in ONLY_NUMPY for entry in imports(path)]
    assert [entry for entry in found if not allowed(entry[-1], names)] == []


@pytest.mark.parametrize("path", sorted(WITHOUT_BPY))
def test_modules_without_bpy_import_none(path: str) -> None:
    reached, waiting = set(), [path]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += own_imports(module)
    assert [(module, name) for module in reached for _, name in imports(module) if allowed(name, BLENDER)] == []


def own_imports(path: str) -> set[str]:
    """Return the files of the repository that a file imports."""
    names = {name.replace(".", "/") for _, name in imports(path)}
    files = {f"{candidate}.py" for name in names for candidate in (name, name.rpartition("/")[0])}
    return (files & set(SHIPPED)) - {path}


def test_import_chains_in_addon_are_short() -> None:
    @cache
    def chain(path: str) -> tuple[str, ...]:
        below = [chain(other) for other in own_imports(path) if other.startswith("addon/")]
        return (path, *max(below, key=len, default=()))

    longest = max((chain(path) for path in sources("addon")), key=len)
    assert len(longest) <= LONGEST_CHAIN, longest


def test_nothing_imports_the_interface() -> None:
    above = {"addon/__init__.py", *sources("addon/ui")}
    below = [path for path in SHIPPED if path not in above]
    assert [(path, name) for path in below for _, name in imports(path) if allowed(name, {"addon.ui"})] == []


def test_operators_are_called_by_names_that_exist() -> None:
    texts = [node for path in sources("addon") for node in ast.walk(tree(path)) if isinstance(node, ast.Assign)]
    there = {node.value.value for node in texts if getattr(node.targets[0], "id", "") == "bl_idname"}
    called = {
        node.args[0].value
        for path in sources("addon")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "operator"
        if isinstance(node.args[0], ast.Constant)
    }
    assert {name for name in called if name.startswith("depth_nodes.")} <= there


def test_own_packages_are_imported_relatively() -> None:
    absolute = []
    for path in (path for path in SHIPPED if not path.startswith(BESIDE)):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            absolute += [f"{path}:{node.lineno}" for name in names if name.split(".")[0] in PACKAGES]
    assert absolute == []


def test_no_error_is_swallowed() -> None:
    found = []
    for path in SHIPPED:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler):
                broad = isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
                raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                if node.type is None or (broad and not raises):
                    found.append(path)
    assert [path for path in found if path not in EVENT_LOOPS] == []
    assert len(found) == len(set(found))


def test_no_tricks_with_the_import_system() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in SHIPPED
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("sys", "path"), ("sys", "modules"), ("sys", "meta_path")}
    ]
    assert found == []


def test_no_console_window_flashes_on_windows() -> None:
    """Whoever starts a program beside Blender says so."""
    found = []
    for path in sources("addon"):
        for node in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            name = getattr(node.func, "attr", "")
            owner = getattr(getattr(node.func, "value", None), "id", "")
            if owner == "subprocess" and name in ("run", "Popen", "call", "check_call", "check_output"):
                flags = next((word.value for word in node.keywords if word.arg == "creationflags"), None)
                found.append((f"{path}:{node.lineno}", flags is not None and "NO_WINDOW" in ast.unparse(flags)))
    assert found
    assert [place for place, said in found if not said] == []


def test_only_the_command_lines_print() -> None:
    paths = [path for path in SHIPPED if not path.startswith((*BESIDE, *MAY_PRINT))]
    assert [place for path in paths for place in calls(path, "print")] == []


def test_public_definitions_have_docstrings() -> None:
    missing = []
    for path in SHIPPED:
        module = tree(path)
        named = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        public = [
            node
            for node in named
            if not node.name.startswith("_")
            and node.name not in BLENDERS_OWN
            and not {getattr(base, "attr", "") for base in getattr(node, "bases", ())} & LABELLED
        ]
        missing += [f"{path}: {node.name}" for node in public if not ast.get_docstring(node)]
        missing += [path] if module.body and not ast.get_docstring(module) else []
    assert missing == []


def test_a_module_is_read_in_one_sitting() -> None:
    lengths = {path: (ROOT / path).read_text(encoding="utf-8").count("\n") for path in SHIPPED}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_module_is_called_utils() -> None:
    assert [path for path in ALL if Path(path).stem in ("utils", "util", "helpers", "misc", "common")] == []


def test_sources_name_no_machine() -> None:
    place = re.compile(r"(?<![\w.])/(?:work|opt|home|root|Users)/\w+")
    assert [path for path in ALL if place.search((ROOT / path).read_text(encoding="utf-8"))] == []


def test_versions_agree() -> None:
    """What is here is newer than the last release, unless it is the release itself: then nothing is unreleased."""
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released, date = re.search(r"^## \[(\d+\.\d+\.\d+)\] - ([\d-]+)$", changelog, flags=re.MULTILINE).groups()
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)^## ", changelog, flags=re.MULTILINE | re.DOTALL)[1].strip()
    here, last = (tuple(map(int, version.split("."))) for version in (manifest["version"], released))
    assert here > last if unreleased else here >= last
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {released}\ndate-released: {date}\n" in citation


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_links_in_the_documents_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)\)", text) + re.findall(r"src=\"([^\"]+)\"", text)
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_every_make_target_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)[1].split()
    documents = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    assert targets
    assert [target for target in targets if f"make {target}" not in documents] == []
