"""Older settings files become the present layout, one version at a time.

Each step takes a file's content of version N and returns version N+1. A step works on a copy: if it
fails, the file's content is as it was (the store then keeps the file aside and uses defaults).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.settings.model import VERSION

Content = dict[str, Any]
Step = Callable[[Content], Content]
OLD_COLOR: Final = [38, 42, 51]
"""The plain background of version 2 unless another was chosen."""


def _group_the_style(content: Content) -> Content:
    """Version 2 has a group `style`, to which liveliness and warmth belong."""
    style = {key: content.pop(key) for key in ("liveliness", "warmth") if key in content}
    return content | {"style": style}


def _own_background(content: Content) -> Content:
    """Version 3 knows a character's own background, its default. Older files hold their default, a
    plain colour, as if it had been chosen: only another colour than that was."""
    video = content.get("video")
    if not isinstance(video, dict) or video.get("background") != "color":
        return content
    if video.get("color", OLD_COLOR) == OLD_COLOR:
        content["video"] = {key: value for key, value in video.items() if key != "background"}
    return content


STEPS: Final[Mapping[int, Step]] = {1: _group_the_style, 2: _own_background}
"""`STEPS[n]` turns version n into n + 1."""


def migrate(
    content: Content, steps: Mapping[int, Step] = STEPS, target: int = VERSION
) -> tuple[Content, int]:
    """Bring `content` to version `target`; returns it with the version it had.

    `content` itself is left alone. A file of a newer version comes back as it is: what is still
    understood is used, the rest is dropped key by key.

    Raises:
        ValueError: the version is not a positive whole number, or a step is missing or failed.
    """
    found = content.get("version", 1)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ValueError(f"its version is {found!r}")
    content = copy.deepcopy(content)
    for version in range(found, target):
        step = steps.get(version)
        if step is None:
            raise ValueError(f"there is no way from version {version} to {version + 1}")
        try:
            content = step(content)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"version {version} could not be read: {error}") from error
    content["version"] = target
    return content, found
