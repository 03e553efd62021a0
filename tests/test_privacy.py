"""Nothing is told to anybody: ONNX Runtime's own reports are off before it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "assets" / "models" / "frame-first-light" / "light.onnx"
SESSION = f"""
import os, onnxruntime
assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
onnxruntime.InferenceSession({str(MODEL)!r}, providers=["CPUExecutionProvider"])
"""


@pytest.mark.parametrize("package", ["inference", "app", "training"])
def test_no_runtime_keeps_or_sends_anything_of_its_own(package: str, tmp_path: Path) -> None:
    known = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    known |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    known |= {"USERPROFILE": str(tmp_path), "LOCALAPPDATA": str(tmp_path / "local")}
    code = f"import {package}\n{SESSION}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=known, check=True)
    assert list(tmp_path.rglob("*")) == []
