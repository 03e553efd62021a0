"""The entry point: no arguments open the window, or make a film where there is no screen."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.live_session import LiveChoices
    from app.settings.model import Settings


def open_window(choices: LiveChoices | None = None) -> int:
    """Open the window; Qt is loaded here and nowhere else. Returns the exit status.

    `choices` come from the command line and stand in for the settings, for this session.

    Raises:
        NoWindowError: there is no screen, or Qt's libraries are missing.
    """
    from app import paths
    from app.screen import NoWindowError, check_window
    from app.settings.store import FILE_NAME, SettingsStore

    check_window()
    try:
        from app.ui.application import run_window
    except ImportError as error:
        raise NoWindowError(
            f"The window cannot open: {error}.",
            "Install Qt's system libraries (the README's apt-get line), or use the commands: "
            "personare --help.",
        ) from error
    from app.characters.library import CharacterLibrary
    from app.composition import make_session
    from app.models.motion_choices import motion_choices

    return run_window(
        lambda settings: make_session(choices or choices_of(settings)),
        CharacterLibrary(),
        SettingsStore(paths.config_dir() / FILE_NAME),
        None if choices is None else lambda settings: with_choices(settings, choices),
        motion_choices,
    )


def with_choices(settings: Settings, choices: LiveChoices) -> Settings:
    """The settings as the command line wants them for this run, so that the window shows them.

    What settings cannot hold (an unusual size, say) stays as stored; the session has it anyway.
    """
    from pydantic import ValidationError

    from app.settings.model import FPS_LIMITS, Quality, changed

    output, background = choices.output, choices.background
    wanted: dict[str, object] = {
        "character": choices.character or settings.character,
        "devices.microphone": choices.microphone,
        "devices.other": choices.other,
        "devices.camera": choices.camera or settings.devices.camera,
        "video.size": f"{output.width}x{output.height}",
        "video.rate": str(output.fps),
        "video.background": background.kind,
        "video.color": background.color,
        "video.picture": background.picture,
        "style.liveliness": choices.controls.liveliness,
        "style.warmth": choices.controls.warmth,
        "performance.provider": choices.provider,
        "performance.quality": choices.quality,
        "performance.motion_model": choices.motion_model,
    }
    if output.fps > FPS_LIMITS[Quality(choices.quality)]:
        wanted["performance.quality"] = Quality.HIGH
    for path, value in wanted.items():
        with contextlib.suppress(ValidationError):
            settings = changed(settings, path, value)
    return settings


def choices_of(settings: Settings) -> LiveChoices:
    """What a session starts with by the settings: everything but the camera, which stays off."""
    from app.live_session import LiveChoices

    return LiveChoices(
        character=settings.character,
        microphone=settings.devices.microphone,
        other=settings.devices.other,
        camera=None,
        output=settings.output(),
        background=settings.background(),
        controls=settings.controls(),
        provider=settings.performance.provider.value,
        motion_model=settings.performance.motion_model,
        quality=settings.performance.quality.value,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """What `personare` does; returns the exit status (`app.cli.main`)."""
    try:
        from app.cli import main as cli

        words = sys.argv[1:] if arguments is None else list(arguments)
        return cli.main(words, open_window)
    except KeyboardInterrupt:  # before the commands took over: while they were loaded
        return 130


if __name__ == "__main__":
    sys.exit(main())
