"""The options that choose a model and how it computes, for every command that estimates."""

import argparse
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from .. import catalog
from .report import Download

if TYPE_CHECKING:
    from ..predict import Predictor


def add_licence_option(parser: "argparse._ActionsContainer") -> None:
    """Add the consent to what a model's licence says."""
    parser.add_argument(
        "--accept-license", action="store_true", help="accept a licence that forbids commercial use, or the lack of one"
    )


def add_model_options(parser: "argparse._ActionsContainer") -> None:
    """Add them to a command's parser, or to a group of its options."""
    parser.add_argument("--model", default="small", metavar="NAME", help="default: small; `models` lists them all")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a local .safetensors, .pth or .pt file in place of the hub's"
    )
    add_licence_option(parser)
    parser.add_argument("--device", default="auto", choices=get_args(catalog.Device), help="default: auto")
    parser.add_argument(
        "--size",
        type=positive,
        metavar="PIXELS",
        help=f"shorter side inside the model; default: that of its training, {catalog.TRAINED} for most; "
        "less is quicker and coarser",
    )
    parser.add_argument(
        "--precision",
        default="float32",
        choices=get_args(catalog.Precision),
        help="default: float32; int8 is for CPUs, the others are for GPUs",
    )
    parser.add_argument("--threads", type=_threads, metavar="N", help="CPU threads; default: physical cores")


def add_own_options(group: "argparse._MutuallyExclusiveGroup") -> None:
    """Add what becomes of the depth that photos bring, as `own`."""
    group.add_argument(
        "--embedded",
        dest="own",
        action="store_const",
        const="use",
        default="",
        help="use the depth that the photos bring, as portraits of phones do, in place of an estimate",
    )
    group.add_argument(
        "--anchor",
        dest="own",
        action="store_const",
        const="anchor",
        help="estimate, and take scale and shift from the depth that the photos bring: metres",
    )


def load(options: argparse.Namespace, size: int | None, precision: catalog.Precision) -> "Predictor":
    """Load the model that was chosen, at a size and in a precision that may be other ones than were chosen."""
    from ..predict import Predictor

    with Download(options.model) as download:
        return Predictor.from_catalog(
            options.model,
            device=options.device,
            size=size,
            threads=options.threads,
            dtype=precision,
            accept_license=options.accept_license,
            progress=download.report,
            weights=options.weights,
        )


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def positive_float(text: str) -> float:
    """Read a number above 0."""
    if not 0.0 < (number := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def shard(text: str) -> tuple[int, int]:
    """Read `3/16`: the third of sixteen."""
    number, separator, count = text.partition("/")
    if not separator or not 1 <= positive(number) <= positive(count):
        raise argparse.ArgumentTypeError(f"{text} is not a share such as 3/16, from 1/16 to 16/16")
    return int(number), int(count)


def _threads(text: str) -> int:
    if (number := positive(text)) > (most := os.cpu_count() or 1):
        raise argparse.ArgumentTypeError(f"{text} is more than the {most} logical cores of this machine")
    return number
