"""Builds an engine from names: the character, the models, the provider, the canvas.

Everything heavy is imported here only when it is called, so that `personare --help` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.characters.library import CharacterLibrary
from app.models.library import ModelLibrary
from app.session_contract import Background
from inference.contract import Controls, FrameSource, MotionSource

if TYPE_CHECKING:
    from inference.character import Character
    from inference.engine import Engine
    from inference.execution_providers import ProviderReport
    from inference.model_package import ModelPackage


@dataclass(frozen=True, slots=True)
class EngineChoices:
    """What an engine is built from; "" means the default of each library."""

    character: str = ""
    width: int = 1280
    height: int = 720
    background: Background = field(default_factory=Background)
    controls: Controls = field(default_factory=Controls)
    provider: str = "auto"
    motion_model: str = ""
    frame_model: str = ""
    quality: str = "standard"
    """`eco`, `standard` or `high`: what the frame generator spends on a picture."""
    threads: int = 1
    """Of the frame generator's graphs; they are too small to gain by a second one."""


@dataclass(frozen=True, slots=True)
class BuiltEngine:
    """An engine and what it was really built from."""

    engine: Engine
    provider: ProviderReport
    motion_package: ModelPackage
    frame_package: ModelPackage
    character: Character


def make_motion(package: ModelPackage, provider: ProviderReport) -> MotionSource:
    """The motion generator of a package.

    It always runs on the CPU: its graph is so small that handing it to a GPU takes longer.
    """
    from inference.motion_generator import MotionGenerator

    return MotionGenerator(package, "cpu")


def make_frames(
    package: ModelPackage,
    character: Character,
    provider: ProviderReport,
    threads: int,
    quality: str = "standard",
) -> FrameSource:
    """The frame generator of a package, for one character."""
    from inference.frame_generator import FrameGenerator

    return FrameGenerator(package, character, provider, threads, quality=quality)


def quality_notice(quality: str, provider: str) -> tuple[str, str]:
    """What to know about a quality on a provider: a sentence and a remedy; ("", "") if nothing."""
    if quality == "high" and provider == "cpu":
        return (
            "High quality is meant for a graphics card; here the processor draws it, slower.",
            "Choose standard quality if pictures come too slowly.",
        )
    return "", ""


def build_engine(choices: EngineChoices, seed: int = 0) -> BuiltEngine:
    """Load and check everything.

    Raises:
        PersonareError: something is unknown, missing or damaged; each says what to do.
    """
    from inference.compositor import Compositor
    from inference.engine import Engine
    from inference.execution_providers import choose_provider
    from inference.own_background import load_own_background

    models = ModelLibrary()
    character = CharacterLibrary().load(choices.character)
    motion_package = models.load("motion", choices.motion_model)
    frame_package = models.load("frame", choices.frame_model)
    provider = choose_provider(choices.provider)
    motion = make_motion(motion_package, provider)
    motion.reset(seed)
    motion.controls = choices.controls
    frames = make_frames(frame_package, character, provider, choices.threads, choices.quality)
    own = load_own_background(character)
    compositor = Compositor(choices.width, choices.height, choices.background, own)
    engine = Engine(motion, frames, compositor)
    return BuiltEngine(engine, provider, motion_package, frame_package, character)


def build_motion_engine(
    controls: Controls, seed: int = 0, motion_model: str = ""
) -> tuple[Engine, ModelPackage]:
    """An engine that only moves, without any picture.

    Raises:
        PersonareError: the motion model is unknown, missing or damaged.
    """
    from inference.engine import Engine
    from inference.execution_providers import ProviderReport

    package = ModelLibrary().load("motion", motion_model)
    motion = make_motion(package, ProviderReport("cpu", "cpu", 0.0))
    motion.reset(seed)
    motion.controls = controls
    return Engine(motion), package
