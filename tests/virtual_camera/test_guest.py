"""The virtual camera on a real v4l2loopback driver, in an emulated machine; takes a quarter hour.

Needs two folders, named by the environment, and is skipped without them:

    PERSONARE_CAMERA_GUEST   the guest's tools: run_guest.sh and tests/ (readers, test pattern)
    IMG                      the image that their build_image.sh made

docs/virtual-camera-internals.md tells how to make the image and has the results. The section `app`
(the real models) is left out: in emulation a picture takes longer than any test should wait.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(os.environ.get("PERSONARE_CAMERA_GUEST", "/nonexistent"))
IMAGE = Path(os.environ.get("IMG", "/nonexistent"))
SECONDS = 1500

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not ((TOOLS / "run_guest.sh").is_file() and (IMAGE / "root.ext4").is_file()),
        reason="needs PERSONARE_CAMERA_GUEST and IMG, see docs/virtual-camera-internals.md",
    ),
]


@pytest.mark.parametrize("section", ["pixels", "restarts", "toggle", "kill", "chromium", "refused"])
def test_in_the_guest(section: str, tmp_path: Path) -> None:
    shutil.copytree(TOOLS / "tests", tmp_path / "tools")
    for folder in ("app", "inference", "tests", "assets"):
        shutil.copytree(
            ROOT / folder,
            tmp_path / "personare" / folder,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    done = subprocess.run(
        [
            "bash",
            str(TOOLS / "run_guest.sh"),
            str(tmp_path),
            f"bash personare/tests/virtual_camera/guest_checks.sh {section}",
        ],
        env={**os.environ, "MEM": "4G", "TIMEOUT": str(SECONDS)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS + 60,
        check=False,
    )
    verdicts = [line for line in done.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]
    assert verdicts, done.stdout[-3000:]
    assert all(line.startswith("PASS") for line in verdicts), done.stdout[-3000:]
    assert "kernel warnings: 0" in done.stdout
