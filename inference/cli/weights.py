"""The commands about weights: which models there are, and fetching them."""

import argparse
import json
from collections.abc import Callable, Sequence

from .. import catalog
from ..cache import on_disk
from ..errors import DepthNodesError
from .options import add_licence_option
from .report import FAILED, OK, PROGRAM, Download, complain

_REACH = {"disparity": "relative", "distance": "metres"}


def models(arguments: Sequence[str]) -> int:
    """List the models, their licences, and which are on disk."""
    parser = argparse.ArgumentParser(prog=f"{PROGRAM} models", description="List the models.")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--check", action="store_true", help="ask the hub whether its files are those that are pinned")
    options = parser.parse_args(arguments)
    if options.check:
        return _check()
    for spec in catalog.MODELS:
        path = on_disk(spec)
        if options.json:
            record = {
                "name": spec.name,
                "title": spec.title,
                "kind": spec.kind,
                "use": spec.use,
                "licence": spec.licence,
                "commercial": spec.commercial,
                "bytes": spec.bytes,
                "repo": spec.repo,
                "revision": spec.revision,
                "path": str(path) if path else None,
            }
            print(json.dumps(record))
        else:
            size = f"{spec.bytes / 1e6:.0f} MB"
            reach = f"up to {spec.max_distance:g} m" if spec.max_distance else _REACH[spec.kind]
            state = "on disk" if path else "not on disk"
            print(f"{spec.name:<18} {spec.kind:<9} {reach:<11} {size:>8}  {state:<11}  {spec.licence:<17}  {spec.use}")
    return OK


def _check() -> int:
    """Ask the hub for the size and the hash of each file, without downloading any."""
    from ..hub import check

    def checked(name: str) -> str:
        check(catalog.get(name))
        return "as pinned"

    return _each([spec.name for spec in catalog.MODELS if not spec.built_in], checked)


def download(arguments: Sequence[str]) -> int:
    """Fetch weights without computing anything."""
    parser = argparse.ArgumentParser(prog=f"{PROGRAM} download", description="Fetch weights from the hub.")
    parser.add_argument("models", nargs="*", default=["small"], metavar="NAME", help="default: small")
    add_licence_option(parser)
    options = parser.parse_args(arguments)
    from ..hub import fetch

    def fetched(name: str) -> object:
        with Download(name) as bytes_came:
            return fetch(catalog.get(name), accept_license=options.accept_license, progress=bytes_came.report)

    return _each(options.models, fetched)


def _each(names: Sequence[str], act: Callable[[str], object]) -> int:
    """Print what comes of each model, or complain; a failure doesn't stop the others."""
    failures = 0
    for name in names:
        try:
            found = act(name)
        except DepthNodesError as error:
            failures += 1
            complain(error)
        else:
            print(f"{name}: {found}", flush=True)
    return FAILED if failures else OK
