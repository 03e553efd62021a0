"""The rooms of the house: who may import whom, and that the rules in pyproject.toml really bite."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MINIATURE = {
    "app/__main__.py": "import app.ui.window\nfrom PySide6 import QtCore",
    "app/ui/window.py": "import PySide6.QtWidgets\nimport app.session",
    "app/session.py": "import inference.engine",
    "app/devices/microphone.py": "import sounddevice",
    "app/camera_program/__main__.py": "import pyvirtualcam, numpy\nimport app.camera_program.part",
    "app/camera_program/part.py": "",
    "inference/engine.py": "import numpy",
    "training/student.py": "import torch, inference.engine",
}
"""A house that keeps every rule, to break one at a time."""


def check_imports(house: Path) -> subprocess.CompletedProcess[str]:
    """Run the import rules over the packages in `house`."""
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.skip("import-linter is not installed beside this Python")
    environment = {**os.environ, "PYTHONPATH": str(house), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [program, "--no-cache", "--config", house / "pyproject.toml"],
        cwd=house,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def build_miniature(house: Path) -> None:
    """Write MINIATURE and the project's own rules into `house`."""
    shutil.copy(ROOT / "pyproject.toml", house)
    for name, text in MINIATURE.items():
        file = house / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
        for folder in file.relative_to(house).parents[:-1]:
            (house / folder / "__init__.py").touch()


def test_every_import_rule_is_kept() -> None:
    report = check_imports(ROOT)
    assert report.returncode == 0, report.stdout[-4000:] + report.stderr
    assert "0 broken" in report.stdout


def test_the_miniature_keeps_every_rule(tmp_path: Path) -> None:
    build_miniature(tmp_path)
    report = check_imports(tmp_path)
    assert report.returncode == 0, report.stdout[-4000:] + report.stderr


@pytest.mark.parametrize(
    ("file", "violation", "rule"),
    [
        ("app/session.py", "from PySide6 import QtCore", "Qt only in app.ui and the entry point"),
        ("app/session.py", "import app.ui.window", "the window is opened by the entry point alone"),
        ("app/session.py", "import training.student", "app -> inference <- training"),
        ("inference/engine.py", "import torch", "torch only in training"),
        ("inference/engine.py", "import app.session", "inference knows no Qt"),
        ("app/ui/window.py", "import sounddevice", "PortAudio only in app.devices"),
        ("app/camera_program/part.py", "import app.session", "the camera program is a program"),
        ("app/camera_program/part.py", "import inference.engine", "the camera program is a"),
        ("app/session.py", "import app.camera_program.part", "nothing imports the camera program"),
        ("app/session.py", "import pyvirtualcam", "the GPL library only in the camera program"),
    ],
)
def test_breaking_a_rule_is_seen(tmp_path: Path, file: str, violation: str, rule: str) -> None:
    build_miniature(tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as module:
        module.write(violation + "\n")
    report = check_imports(tmp_path)
    assert report.returncode == 1, report.stdout[-4000:] + report.stderr
    broken = [line for line in report.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(rule in line for line in broken), broken


def test_the_camera_program_needs_only_numpy_and_pyvirtualcam() -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "pyvirtualcam"}
    files = sorted((ROOT / "app" / "camera_program").rglob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.append(node.module)
            for name in names:
                ours = name.startswith("app.camera_program")
                assert ours or name.split(".")[0] in allowed, f"{file.name} imports {name}"
