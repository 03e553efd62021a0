"""Where things lie: the assets that came with Personare, and the user's own folders.

`PERSONARE_ASSETS` and `PERSONARE_HOME` replace the assets' folder and all user folders (tests,
portable installations). Nothing is created before something is written.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from inference.contract import PersonareError

_NAME = "Personare"


def assets_root() -> Path:
    """The folder with `characters`, `models`, `speech` and `icons`.

    Raises:
        PersonareError: it is nowhere to be found.
    """
    override = os.environ.get("PERSONARE_ASSETS")
    packages = Path(__file__).resolve().parent.parent
    frozen = getattr(sys, "_MEIPASS", None)
    candidates = [Path(override)] if override else []
    if frozen and not override:
        candidates.append(Path(frozen) / "assets")
    if not override:
        candidates += [packages / "assets", packages / "personare_assets"]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise PersonareError(
        f"The folder with Personare's characters and models is missing ({candidates[0]}).",
        "Install Personare again, or set PERSONARE_ASSETS to its assets folder.",
    )


def sample_speech() -> Path:
    """The sample speech that came with Personare: 16 kHz mono WAV."""
    return assets_root() / "speech" / "hello.wav"


def data_dir() -> Path:
    """The user's characters and models."""
    return _user_dir("data")


def config_dir() -> Path:
    """The settings file's folder."""
    return _user_dir("config")


def log_dir() -> Path:
    """The log files' folder."""
    return _user_dir("logs")


def videos_dir() -> Path:
    """Where recorded films go unless the user chose another folder."""
    if os.environ.get("PERSONARE_HOME"):
        return _user_dir("videos")
    import platformdirs

    return Path(platformdirs.user_videos_dir()) / _NAME


def user_characters_dir() -> Path:
    """Characters the user added."""
    return data_dir() / "characters"


def user_models_dir() -> Path:
    """Model packages the user added."""
    return data_dir() / "models"


def _user_dir(kind: str) -> Path:
    home = os.environ.get("PERSONARE_HOME")
    if home:
        return Path(home) / kind
    import platformdirs

    dirs = platformdirs.PlatformDirs(_NAME, appauthor=False)
    places = {"data": dirs.user_data_dir, "config": dirs.user_config_dir, "logs": dirs.user_log_dir}
    return Path(places[kind])
