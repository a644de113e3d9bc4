"""What all commands share: their exit codes, and what they tell on stderr while they run."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from .. import catalog

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
PROGRAM = "depth-nodes" if Path(sys.argv[0]).stem.startswith("depth-nodes") else f"python -m {__name__.split('.')[0]}"


def complain(error: object) -> None:
    """Tell an error in one line."""
    print("error:", " ".join(str(error).splitlines()), file=sys.stderr)


def bar(total: int, **options: Any) -> AbstractContextManager[Any]:
    """Return a progress bar on stderr, or None where nobody watches or there is only one thing to do."""
    if total < 2 or not sys.stderr.isatty():
        return nullcontext()
    from tqdm import tqdm

    return tqdm(total=total, file=sys.stderr, **options)


class Download:
    """Shows a download in bytes: as a bar where somebody watches, otherwise as a line when it begins."""

    def __init__(self, name: str) -> None:
        self._spec = catalog.get(name)
        self._bar: Any = None
        self._begun = False

    def __enter__(self) -> "Download":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.close()

    def report(self, done: int, total: int | None) -> None:
        """Tell how many bytes have come, and of how many."""
        if not self._begun:
            self._begun = True
            print(f"downloading {self._spec.title}, licence: {self._spec.licence}", file=sys.stderr)
            shown = bar(total or 2, unit="B", unit_scale=True)
            self._bar = shown if not isinstance(shown, nullcontext) else None
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
