"""The version of this code, as pyproject.toml says it: Gridcall runs from its folder and is not installed."""

import tomllib

from integration.engines.state import PROJECT

VERSION: str = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
