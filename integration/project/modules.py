"""The folder from which the pages' modules are served."""

import hashlib
from pathlib import Path


def folder_of_modules(scripts: Path) -> str:
    """A name that changes whenever one of the scripts does.

    Modules import each other by relative addresses, and a browser keeps each file for an hour. Under one name for them
    all it never runs modules of two versions together.
    """
    contents = hashlib.sha256()
    for path in sorted(scripts.rglob("*.js")):
        contents.update(f"{path.relative_to(scripts)}\n".encode() + path.read_bytes())
    return f"js-{contents.hexdigest()[:12]}"
