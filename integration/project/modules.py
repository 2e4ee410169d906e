"""The folder that the pages' JavaScript modules are served from."""

import hashlib
from pathlib import Path


def folder_of_modules(scripts: Path) -> str:
    """A name that changes whenever one of the scripts does.

    Modules import each other by relative addresses, and a browser caches each file for an hour. Since they share one
    folder name, a browser never mixes two versions.
    """
    contents = hashlib.sha256()
    for path in sorted(scripts.rglob("*.js")):
        contents.update(f"{path.relative_to(scripts)}\n".encode() + path.read_bytes())
    return f"js-{contents.hexdigest()[:12]}"
