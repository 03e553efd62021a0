"""The one place where concrete devices, models and libraries are chosen and put together."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.characters.library import CharacterLibrary
from app.devices import catalog
from app.devices.contracts import AudioInput, CameraSink
from app.devices.file_source import FileSource
from app.devices.microphone import Microphone
from app.devices.recorder import Film, Recorder
from app.devices.virtual_camera import VirtualCamera
from app.engine_builder import make_frames, make_motion, quality_notice
from app.known_controls import known_controls
from app.live_session import LiveChoices, LiveSession
from app.live_session.guard import SteadyFrames, SteadyMotion
from app.live_session.loop import LivePicture
from app.live_session.makers import LiveMakers, RecorderDevice, Report, StageChoices
from app.media.film_writer import SOUND_RATE, FilmWriter
from app.media.sound_file import read_sound, read_speech
from app.models.library import ModelLibrary
from app.realtime.clock import Clock, SystemClock
from app.realtime.latest_frame import LatestFrame
from app.session_contract import Background, OutputFormat
from inference.character import Character
from inference.compositor import Compositor
from inference.contract import Controls, Float32Array, MotionSource, PersonareError
from inference.engine import Engine
from inference.execution_providers import choose_provider
from inference.model_package import ModelPackage
from inference.own_background import load_own_background

FILE_PREFIX: Final = "file:"
"""Key of an input that is a recording: this, then its path."""
_FRAME_THREADS: Final = 1
"""The graphs are small: a second thread was measured to take 40% more processor time and to save
none, and a call wants the other core."""


class OnnxStage:
    """The models with one character. Fulfils `live_session.makers.Stage`.

    Models that fail later do not stop the performance (`app.live_session.guard`); `report` is told.
    """

    def __init__(
        self, choices: StageChoices, frame_model: str, clock: Clock, report: Report
    ) -> None:
        """Raises PersonareError where anything cannot be loaded.

        A motion model that cannot be used is replaced by the default one; `notice` says so.
        """
        self._clock, self._report = clock, report
        self._provider = choose_provider(choices.provider)
        self._notice = (self._provider.message, self._provider.remedy)
        self._models = ModelLibrary()
        self._frame_package = self._models.load("frame", frame_model)
        self._motion_package, inner = self._load_motion_or_default(choices.motion_model)
        self._background, self._quality = choices.background, choices.quality
        self._character, frames = self._load(choices.character, choices.quality)
        self._motion = SteadyMotion(inner, clock, report)
        self._motion.controls = choices.controls
        output = choices.output
        canvas = Compositor(output.width, output.height, choices.background, self._own)
        self._engine = Engine(self._motion, frames, canvas)

    def _load_motion(self, name: str) -> tuple[ModelPackage, MotionSource]:
        package = self._models.load("motion", name)
        return package, make_motion(package, self._provider)

    def _load_motion_or_default(self, name: str) -> tuple[ModelPackage, MotionSource]:
        try:
            return self._load_motion(name)
        except PersonareError as error:
            if not name:
                raise
            found = self._load_motion("")
            remedy = "The default one moves the character; choose another under Preferences."
            self._notice = (str(error), remedy)
            return found

    def _load(self, name: str, quality: str) -> tuple[Character, SteadyFrames]:
        character = CharacterLibrary().load(name)
        frames = make_frames(
            self._frame_package, character, self._provider, _FRAME_THREADS, quality
        )
        self._own = load_own_background(character)
        return character, SteadyFrames(frames, self._clock, self._report)

    @property
    def performer(self) -> Engine:
        """The engine."""
        return self._engine

    @property
    def provider(self) -> str:
        """What really computes."""
        return self._provider.name

    @property
    def notice(self) -> tuple[str, str]:
        """See `Stage.notice`: why another provider or motion model than the wished one is used,
        or what the quality costs here."""
        return self._notice if self._notice[0] else quality_notice(self._quality, self.provider)

    @property
    def character(self) -> str:
        """Id of the character on stage."""
        return self._character.id

    def set_character(self, character: str) -> None:
        """See `Stage.set_character`."""
        self._character, frames = self._load(character, self._quality)
        self._engine.set_frames(frames, self._own)

    def set_quality(self, quality: str) -> None:
        """See `Stage.set_quality`."""
        if quality != self._quality:
            self._character, frames = self._load(self._character.id, quality)
            self._quality = quality
            self._engine.set_frames(frames, self._own)

    def set_output(self, output: OutputFormat) -> None:
        """See `Stage.set_output`."""
        self._engine.set_compositor(
            Compositor(output.width, output.height, self._background, self._own)
        )

    def set_background(self, background: Background) -> None:
        """See `Stage.set_background`."""
        self._engine.set_background(background)
        self._background = background

    @property
    def knows(self) -> frozenset[str]:
        """See `Stage.knows`."""
        return known_controls(self._motion_package)

    @property
    def motion_model(self) -> str:
        """See `Stage.motion_model`."""
        return self._motion_package.name

    def set_motion_model(self, name: str) -> None:
        """See `Stage.set_motion_model`."""
        package = self._models.load("motion", name)
        if package != self._motion_package:
            self._motion.take_over(make_motion(package, self._provider))
            self._motion_package = package

    def set_controls(self, controls: Controls) -> None:
        """See `Stage.set_controls`."""
        self._engine.set_controls(controls)


def live_makers(clock: Clock | None = None, frame_model: str = "") -> LiveMakers:
    """Real devices and models; `frame_model` is a package's name, "" the default one."""
    clock = clock or SystemClock()
    return LiveMakers(
        clock=clock,
        make_stage=lambda choices, report: OnnxStage(choices, frame_model, clock, report),
        make_input=lambda key: make_input(key, clock),
        make_camera=lambda key, output: make_camera(key, output, clock),
        make_recorder=make_recorder,
        list_microphones=catalog.microphones,
        list_loopbacks=catalog.loopbacks,
        list_cameras=catalog.cameras,
    )


def make_session(choices: LiveChoices | None = None, frame_model: str = "") -> LiveSession:
    """A live session with real devices and models, not yet started."""
    return LiveSession(live_makers(frame_model=frame_model), choices)


def make_input(key: str, clock: Clock) -> AudioInput:
    """A device of the catalog ("" is the default microphone), or a recording (`FILE_PREFIX`)."""
    if key.startswith(FILE_PREFIX):
        return FileSource(
            Path(key.removeprefix(FILE_PREFIX)), clock, read_speech, decode_raw=_read_raw
        )
    return Microphone(key, clock)


def _read_raw(path: Path) -> tuple[Float32Array, int]:
    sound = read_sound(path)
    return sound.samples_N, sound.rate


def make_camera(key: str, output: OutputFormat, clock: Clock) -> CameraSink:
    """A virtual camera ("" is the first one found)."""
    return VirtualCamera(key, output, clock)


def make_recorder(
    path: Path, output: OutputFormat, slot: LatestFrame[LivePicture]
) -> RecorderDevice:
    """An MP4 of the camera's picture and the user's voice."""
    return Recorder(path, output, slot, _make_film, SOUND_RATE)


def _make_film(path: Path, output: OutputFormat) -> Film:
    return FilmWriter(path, output.width, output.height, output.fps, quality="live")
