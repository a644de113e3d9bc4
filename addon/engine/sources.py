"""Where pip fetches from: what the user's own pip is configured to. Where it installs to is never taken from there."""

import ast
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..errors import EngineError
from .process import NO_WINDOW

# Of pip's options, those that say where packages come from and how they are reached.
_FROM_WHERE = frozenset(
    (
        "index-url",
        "extra-index-url",
        "find-links",
        "no-index",
        "trusted-host",
        "proxy",
        "cert",
        "client-cert",
        "keyring-provider",
        "timeout",
        "retries",
        "cache-dir",
        "no-cache-dir",
    )
)
_SETTING = re.compile(r"^(global|install|:env:)\.([\w-]+)=(.*)$")
_WEIGHT = ("global", "install", ":env:")  # what comes later counts


def environment(python: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for the pip of an environment that we make.

    The user's pip may be told to install elsewhere (`user`, `target`, `prefix`), or something else than what is pinned
    (`constraint`, `pre`): none of that reaches ours. Raises EngineError for a configuration that pip itself refuses.
    """
    command = [str(python), "-m", "pip", "config", "list"]
    answer = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=dict(inherited),
        check=False,
        creationflags=NO_WINDOW,
    )
    if answer.returncode:
        said = next((line for line in reversed(answer.stderr.splitlines()) if line.strip()), "it does not say why")
        raise EngineError(
            f"pip's configuration can't be used ({said.strip()}). Mend it: `pip config debug` lists its files"
        )
    settings: dict[str, tuple[int, str]] = {}
    for line in answer.stdout.splitlines():
        if (match := _SETTING.match(line)) and match[2] in _FROM_WHERE:
            weight = _WEIGHT.index(match[1])
            if weight >= settings.get(match[2], (0, ""))[0]:
                settings[match[2]] = weight, " ".join(str(ast.literal_eval(match[3])).split())
    others = {name: value for name, value in inherited.items() if not name.upper().startswith("PIP_")}
    chosen = {f"PIP_{name.upper().replace('-', '_')}": value for name, (_, value) in settings.items()}
    return others | chosen | {"PIP_CONFIG_FILE": os.devnull}


def without_others(fetching: Mapping[str, str]) -> dict[str, str]:
    """Return such an environment in which pip knows no place but the index that it is given."""
    others = ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX")
    return {name: value for name, value in fetching.items() if name not in others}
