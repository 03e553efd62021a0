"""Starts the frozen application as a user would and looks at what it does.

    python installer/smoke_test.py build/dist/personare

`--version`, `doctor --json`, a render of two seconds of the bundled speech, the window (offscreen)
for a few seconds and the camera program. Nothing of this project is imported here: only the folder
given on the command line is tested, with a home of its own and without the environment's Python.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

import av

SUFFIX = ".exe" if sys.platform == "win32" else ""
SPEECH_SECONDS = 2.0
WINDOW_SECONDS = 5.0
"""How long the window has to stay alive."""


class SmokeError(Exception):
    """What the frozen application did wrong."""


class FrozenApp:
    """The folder PyInstaller made, run with nothing of this machine's Python in reach."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder.resolve()
        self.home = home
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        } | {"PERSONARE_HOME": str(home / "home"), "QT_QPA_PLATFORM": "offscreen"}

    def program(self, name: str) -> str:
        """Path of one executable."""
        path = self.folder / f"{name}{SUFFIX}"
        if not path.is_file():
            raise SmokeError(f"{path.name} was not built")
        return str(path)

    def run(self, name: str, *arguments: str, seconds: float = 120) -> str:
        """What the program prints; its exit status has to be 0."""
        done = subprocess.run(
            [self.program(name), *arguments],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode or "Traceback" in done.stdout + done.stderr:
            raise SmokeError(
                f"{name} {' '.join(arguments)} ended with {done.returncode}\n"
                f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        return done.stdout


def check_version(app: FrozenApp) -> str:
    """`--version` tells the version."""
    version = app.run("personare", "--version").strip()
    if "personare" not in version.lower() or not any(letter.isdigit() for letter in version):
        raise SmokeError(f"--version printed {version!r}")
    return version


def check_doctor(app: FrozenApp) -> str:
    """`doctor --json` finds no fault; a machine without microphone or camera is none."""
    report = json.loads(app.run("personare", "doctor", "--json"))
    facts = {check["name"]: check["facts"] for check in report["checks"]}
    if not facts["system"]["frozen"]:
        raise SmokeError("the doctor does not know that it is frozen")
    return ", ".join(f"{check['name']} {check['state']}" for check in report["checks"])


def check_render(app: FrozenApp) -> str:
    """`render` makes a film of the right length, with sound, of the first bundled character."""
    listed = json.loads(app.run("personare", "characters", "list", "--json"))
    characters = listed["characters"] if isinstance(listed, dict) else listed
    character = characters[0]["id"]
    speech, film = app.home / "speech.wav", app.home / "film.mp4"
    found = sorted(app.folder.glob("**/assets/speech/hello.wav"))
    if not found:
        raise SmokeError("the sample speech is not in the package")
    with wave.open(str(found[0]), "rb") as whole, wave.open(str(speech), "wb") as start:
        start.setparams(whole.getparams())
        start.writeframes(whole.readframes(round(SPEECH_SECONDS * whole.getframerate())))
    app.run("personare", "render", "--character", character, "--voice", str(speech),
            "--out", str(film))  # fmt: skip
    with av.open(str(film)) as container:
        if not container.streams.audio:
            raise SmokeError("the film has no sound")
        pictures = sum(1 for _ in container.decode(video=0))
        rate = container.streams.video[0].average_rate
    if rate is None or abs(pictures - SPEECH_SECONDS * float(rate)) > 1:
        raise SmokeError(f"the film has {pictures} pictures at {rate} per second")
    return f"{character}, {pictures} pictures"


def check_window(app: FrozenApp) -> str:
    """The window opens, stays and closes when it is told to."""
    log = app.home / "window.txt"
    with log.open("w", encoding="utf-8") as output:
        window = subprocess.Popen(
            [app.program("personare")],
            cwd=app.home,
            env=app.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            time.sleep(WINDOW_SECONDS)
            if window.poll() is not None:
                raise SmokeError(f"the window ended by itself\n{log.read_text()}")
            window.send_signal(signal.SIGTERM)
            status = window.wait(20)
        finally:
            if window.poll() is None:
                window.kill()
                window.wait()
    said = log.read_text(encoding="utf-8")
    if "Traceback" in said or (sys.platform != "win32" and status != 0):
        raise SmokeError(f"the window ended with {status}\n{said}")
    return f"open for {WINDOW_SECONDS:.0f} s, ended with {status}"


def check_camera_program(app: FrozenApp) -> str:
    """The camera program starts by itself, and the application does not carry its library."""
    if "--ring" not in app.run("personare-camera", "--help"):
        raise SmokeError("personare-camera --help does not name its options")
    if not list(app.folder.glob("**/camera_program_source/LICENSE")):
        raise SmokeError("the source of the camera program is not in the package")
    return "starts, comes with its source"


CHECKS: dict[str, Callable[[FrozenApp], str]] = {
    "version": check_version,
    "doctor": check_doctor,
    "render": check_render,
    "window": check_window,
    "camera program": check_camera_program,
}


FAULTS = (SmokeError, subprocess.SubprocessError, OSError, ValueError, LookupError)
"""What a broken application may cause here; each is told, and the next check goes on."""


def main() -> int:
    """Run every check; 1 when one failed."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print("usage: smoke_test.py FOLDER_OF_THE_FROZEN_APPLICATION", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    size = sum(file.stat().st_size for file in files)
    print(f"{folder}: {size / 1e6:.0f} MB")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="personare-smoke-") as home:
        app = FrozenApp(folder, Path(home))
        for name, check in CHECKS.items():
            start = time.monotonic()
            try:
                outcome = f"ok: {check(app)}"
            except FAULTS as error:
                failed += 1
                outcome = f"FAILED: {type(error).__name__}: {error}"
            print(f"  {name}: {outcome} ({time.monotonic() - start:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
