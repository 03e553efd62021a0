"""Keeps the tracked tree small and its files short; exit status 1 when a limit is passed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TREE_BYTES = 45_000_000
FILE_LINES = 400
ROOT = Path(__file__).resolve().parent.parent


def tracked_files() -> list[Path]:
    """Every file git knows here that is still present."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    return [file for file in files if file.is_file()]


def main() -> int:
    """Print the size and every fault."""
    files = tracked_files()
    size = sum(file.stat().st_size for file in files)
    print(f"tracked tree: {size / 1e6:.1f} MB of {TREE_BYTES / 1e6:.0f} MB in {len(files)} files")
    faults = [] if size < TREE_BYTES else ["the tracked tree is too large"]
    for file in files:
        if file.suffix == ".py":
            lines = len(file.read_text(encoding="utf-8").splitlines())
            if lines > FILE_LINES:
                faults.append(f"{file.relative_to(ROOT)} has {lines} lines, over {FILE_LINES}")
    print("\n".join(faults) or "every Python file is short enough")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
