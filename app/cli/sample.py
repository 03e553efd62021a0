"""`personare` where there is no screen: the same engine speaks the sample into a film."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from app import paths
from app.cli import arguments
from inference.contract import PersonareError

FILE_NAME = "personare-hello.mp4"
_SIZE = (1280, 720)
_FPS = 30


def free_place() -> Path:
    """Where the film goes: the present folder, else the user's videos, else the temporary folder.

    Raises:
        PersonareError: none of them can be written.
    """
    for folder in (Path.cwd(), paths.videos_dir(), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder / FILE_NAME
    raise PersonareError("No folder can be written.", "Go to a folder of yours and try again.")


def run(why: str = "There is no screen here") -> int:
    """Render the sample speech with the first character and print the film's path."""
    from app.cli.render import read_voices, render
    from app.engine_builder import EngineChoices, build_engine

    print(
        f"{why}, so no window opens: a character speaks the sample into a film instead "
        "(personare --help has the other commands).",
        file=sys.stderr,
    )
    out = free_place()
    voices = read_voices(paths.sample_speech(), None)
    built = build_engine(EngineChoices(width=_SIZE[0], height=_SIZE[1]))
    arguments.warn(built.provider.message)
    render(built.engine, voices, out, _SIZE, _FPS)
    print(out)
    return 0
