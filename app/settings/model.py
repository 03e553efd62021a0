"""The settings: every choice that outlives a run, with its limits and its default.

`Settings.model_fields` is the reference of the file's keys. A change of meaning or place of a key
raises VERSION and adds a step to `app/settings/migrations.py`; a new key with a default does not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from app.session_contract import Background, OutputFormat
from inference.contract import Controls

VERSION: Final = 3
"""Version of the file's layout that this program writes."""

Channel = Annotated[int, Field(ge=0, le=255)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Quality(StrEnum):
    """How much work the computer may spend on the picture."""

    ECO = "eco"
    """At most 24 pictures per second, preview at 15, painted in 8 bits: for batteries and old
    laptops."""
    STANDARD = "standard"
    """At most 30 pictures per second, preview the same."""
    HIGH = "high"
    """Whatever the output asks for, up to 60, drawn larger: for graphics cards."""


FPS_LIMITS: Final[dict[Quality, int]] = {Quality.ECO: 24, Quality.STANDARD: 30, Quality.HIGH: 60}
PREVIEW_RATES: Final[dict[Quality, int]] = {Quality.ECO: 15, Quality.STANDARD: 30, Quality.HIGH: 60}


class Provider(StrEnum):
    """Which execution provider to ask for; the state line tells which one really runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    DIRECTML = "directml"


class BackgroundKind(StrEnum):
    """What stands behind the character."""

    OWN = "own"
    """What the character's picture shows behind it; the colour where it has nothing."""
    COLOR = "color"
    PICTURE = "picture"
    GREEN = "green"


class Theme(StrEnum):
    """Light or dark window."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class FrameRate(StrEnum):
    """Pictures per second a camera may have; text in the file so that it reads well."""

    FPS_24 = "24"
    FPS_25 = "25"
    FPS_30 = "30"
    FPS_60 = "60"


class FrameSize(StrEnum):
    """Canvas of the camera, width x height in pixels."""

    HD = "1280x720"
    FULL_HD = "1920x1080"


class _Group(BaseModel):
    """Immutable, refuses unknown keys (they are told and dropped when a file is read)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DeviceSettings(_Group):
    """Sound and camera, by the stable keys of `DeviceInfo`; "" is the default, None is off."""

    microphone: str | None = ""
    """Your voice."""
    other: str | None = None
    """What the other people in the call say."""
    camera: str = ""
    """The virtual camera that Start camera turns on; "" is the first one found."""
    recordings: str = ""
    """Folder for recorded films; "" is `Personare` in the user's video folder."""


class VideoSettings(_Group):
    """The camera's picture."""

    size: FrameSize = FrameSize.HD
    """Size of the camera's picture."""
    rate: FrameRate = FrameRate.FPS_30
    """Pictures per second; `quality` may lower it."""
    background: BackgroundKind = BackgroundKind.OWN
    """What stands behind the character."""
    color: tuple[Channel, Channel, Channel] = (38, 42, 51)
    """sRGB of a plain background, 0..255."""
    picture: str = ""
    """Path of a background picture."""
    mirror_preview: bool = True
    """Show the preview as in a mirror; the others always see the picture the right way round."""


class PerformanceSettings(_Group):
    """How hard to work, and on what."""

    quality: Quality = Quality.STANDARD
    """Ceiling of the picture rate, and how finely the character is drawn."""
    provider: Provider = Provider.AUTO
    """Where the models run."""
    motion_model: Annotated[str, Field(max_length=4096)] = ""
    """Package (or folder) of the motion model; "" is the best one installed."""


class StyleSettings(_Group):
    """How the character performs. The mood itself is of the moment and begins neutral."""

    liveliness: Share = 0.5
    """0 is still, 0.5 natural, 1 animated."""
    warmth: Share = 0.5
    """0 is neutral, 0.5 natural, 1 smiling."""
    mood_strength: Share = 0.8
    """How strongly a mood that was chosen shows."""


class StartSettings(_Group):
    """What happens when Personare opens."""

    live: bool = True
    """Wake the character and open the microphone at once."""
    camera: bool = False
    """Turn the camera on at once (needs `live`)."""
    minimised: bool = False
    """Open as a minimised window."""


class WindowSettings(_Group):
    """The window itself; geometry in device-independent pixels."""

    theme: Theme = Theme.SYSTEM
    """Light, dark, or as the system says."""
    x: int | None = None
    """Left edge; None lets the system place the window."""
    y: int | None = None
    """Top edge."""
    width: Annotated[int, Field(ge=400, le=16_384)] = 1240
    """Width of the window."""
    height: Annotated[int, Field(ge=300, le=16_384)] = 800
    """Height of the window."""
    maximised: bool = False
    """Whether it filled the screen."""
    welcomed: bool = False
    """The first-run hint was read and closed."""


class Settings(_Group):
    """Everything the user chose."""

    version: int = VERSION
    """Layout of the file; see `app/settings/migrations.py`."""
    character: str = ""
    """Id of the chosen character; "" is the default one."""
    style: StyleSettings = StyleSettings()
    """How the character performs."""
    devices: DeviceSettings = DeviceSettings()
    """Microphone, other audio, camera, recordings."""
    video: VideoSettings = VideoSettings()
    """The camera's picture."""
    performance: PerformanceSettings = PerformanceSettings()
    """Quality and execution provider."""
    start: StartSettings = StartSettings()
    """What happens at start."""
    window: WindowSettings = WindowSettings()
    """Appearance and geometry."""

    def output(self) -> OutputFormat:
        """Size and rate to ask a session for: the chosen ones, under the ceiling of the quality."""
        width, height = map(int, self.video.size.value.split("x"))
        fps = min(int(self.video.rate.value), FPS_LIMITS[self.performance.quality])
        return OutputFormat(width, height, fps)

    def background(self) -> Background:
        """What to put behind the character."""
        return Background(self.video.background.value, self.video.color, self.video.picture)

    def controls(self, mood: str = "neutral") -> Controls:
        """Style of the performance in a mood."""
        strength = 1.0 if mood == "neutral" else self.style.mood_strength
        return Controls(self.style.liveliness, self.style.warmth, mood, strength)

    def preview_rate(self) -> int:
        """Pictures per second of the preview."""
        return PREVIEW_RATES[self.performance.quality]


def changed(settings: Settings, path: str, value: object) -> Settings:
    """A copy with one value replaced; `path` is `group.key` or `key`, as in the file.

    Raises:
        pydantic.ValidationError: the value is outside its limits.
    """
    data = settings.model_dump()
    *groups, key = path.split(".")
    place = data
    for group in groups:
        place = place[group]
    if key not in place:
        raise KeyError(path)
    place[key] = value
    return Settings.model_validate(data)
