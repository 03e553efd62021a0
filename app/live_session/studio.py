"""Loads models and characters off the live threads, and puts them on stage when they are ready."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from app.known_controls import asked_of, check_known, unknown_of
from app.live_session.loop import PerformanceLoop
from app.live_session.makers import LiveMakers, Stage, StageChoices
from app.realtime.worker import Worker
from app.session_contract import Background, OutputFormat, PartState, PartStatus
from inference.contract import Controls, PersonareError
from inference.direction import direction_of, parse_direction

if TYPE_CHECKING:
    from app.live_session.session import LiveChoices

log = logging.getLogger(__name__)

_REMEDY_LOG = "Choose another character or provider; the log file has the details."


class Studio:
    """One thread that carries out wishes in their order; what plays goes on until the new is ready.

    The first wish, to set the stage, is made by `start`.
    """

    def __init__(self, makers: LiveMakers, loop: PerformanceLoop, choices: LiveChoices) -> None:
        self._makers, self._loop = makers, loop
        self._choices = StageChoices(
            choices.character,
            choices.provider,
            choices.output,
            choices.background,
            choices.controls,
            choices.motion_model,
            choices.quality,
        )
        self._opening = choices.direction  # performed as soon as someone is on stage
        self._stage: Stage | None = None
        self._status = PartStatus(PartState.STARTING)
        self._wishes: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._worker = Worker("studio", self._step, lambda error: self._failed(error))

    # -- any thread

    @property
    def status(self) -> PartStatus:
        """How engine and models fare."""
        return self._status

    @property
    def provider(self) -> str:
        """What really computes; "" until known."""
        return "" if self._stage is None else self._stage.provider

    @property
    def character(self) -> str:
        """Id of the character on stage, before that of the one wished for."""
        return self._choices.character if self._stage is None else self._stage.character

    def report(self, message: str, remedy: str = "") -> None:
        """A live part of the engine fails (one sentence), or works again ("")."""
        state = PartState.RECOVERING if message else PartState.ON
        self._status = PartStatus(state, self.provider, message, remedy)

    @property
    def knows(self) -> frozenset[str]:
        """What the motion model can be asked for; nothing until it is loaded."""
        return frozenset() if self._stage is None else self._stage.knows

    @property
    def motion_model(self) -> str:
        """Name of the motion model in use; "" until it is loaded."""
        return "" if self._stage is None else self._stage.motion_model

    def start(self) -> None:
        """Begin with setting the stage."""
        self._wishes.put(lambda: self._set_stage() if self._stage is None else None)
        self._worker.start()

    def ask_stop(self) -> None:
        """Begin to end, without waiting."""
        self._worker.stopping.set()
        self._wishes.put(None)

    def stop(self, timeout: float) -> bool:
        """End."""
        self.ask_stop()
        return self._worker.stop(timeout)

    def set_character(self, character: str) -> None:
        """Change the character."""
        self._wish(
            lambda choices: replace(choices, character=character),
            lambda stage: stage.set_character(character),
        )

    def set_quality(self, quality: str) -> None:
        """Change the quality; says what it costs here, if there is something to say."""
        self._wish(
            lambda choices: replace(choices, quality=quality),
            lambda stage: stage.set_quality(quality),
            tells=True,
        )

    def set_background(self, background: Background) -> None:
        """Change the background."""
        self._wish(
            lambda choices: replace(choices, background=background),
            lambda stage: stage.set_background(background),
        )

    def set_output(self, output: OutputFormat) -> None:
        """Change size and rate."""

        def change(stage: Stage) -> None:
            stage.set_output(output)
            self._loop.set_fps(output.fps)

        self._wish(lambda choices: replace(choices, output=output), change)

    def set_controls(self, controls: Controls) -> None:
        """Change the style."""
        self._wish(
            lambda choices: replace(choices, controls=controls),
            lambda stage: stage.set_controls(controls),
        )

    def direct(self, text: str) -> None:
        """Perform a text direction; not in the order of the other wishes, but at once."""
        performer = self._loop.performer
        if performer is None:
            return  # nobody is on stage yet
        try:
            direction = direction_of(text) if text.strip() else None
            if direction is not None:
                check_known(direction.uses, self.knows)
            performer.direct(direction)
        except PersonareError as error:
            self._note(str(error), error.remedy)
        else:
            if self._stage is not None:
                self._status = PartStatus(PartState.ON, self.provider)

    def set_motion_model(self, name: str) -> None:
        """Change the motion model; what the new one does not know ends."""

        def change(stage: Stage) -> None:
            stage.set_motion_model(name)
            self._end_what_is_unknown(stage)

        self._wish(lambda choices: replace(choices, motion_model=name), change)

    def set_provider(self, provider: str) -> None:
        """Load everything again for another provider."""
        self._wish(lambda choices: replace(choices, provider=provider), None)

    # -- the studio's thread

    def _wish(
        self,
        choose: Callable[[StageChoices], StageChoices],
        change: Callable[[Stage], None] | None,
        tells: bool = False,
    ) -> None:
        def carry_out() -> None:
            if self._stage is None or change is None:
                self._choices = choose(self._choices)
                self._set_stage()
                return
            change(self._stage)
            self._choices = choose(self._choices)
            notice = self._stage.notice if tells else ("", "")
            self._status = PartStatus(PartState.ON, self.provider, *notice)

        self._wishes.put(carry_out)

    def _end_what_is_unknown(self, stage: Stage) -> None:
        performer = stage.performer
        if performer.direction:
            uses = parse_direction(performer.direction).uses
            if unknown_of(uses, stage.knows):
                performer.direct(None)
        if unknown_of(asked_of(performer.controls), stage.knows):
            controls = replace(performer.controls, mood="neutral", mood_strength=1.0)
            self._choices = replace(self._choices, controls=controls)
            stage.set_controls(controls)

    def _set_stage(self) -> None:
        stage = self._makers.make_stage(self._choices, self.report)
        self._loop.set_fps(self._choices.output.fps)
        self._stage = stage
        self._loop.performer = stage.performer
        self._status = PartStatus(PartState.ON, stage.provider, *stage.notice)
        opening, self._opening = self._opening, ""
        if opening:
            self.direct(opening)

    def _step(self) -> None:
        wish = self._wishes.get()
        if wish is None:
            return
        try:
            wish()
        except PersonareError as error:
            self._note(str(error), error.remedy)
        except Exception as error:
            # Models are foreign code: whatever they raise, the studio stays open for other wishes.
            log.exception("the studio could not do what was asked")
            self._note(f"That did not work: {error}.", _REMEDY_LOG)

    def _note(self, message: str, remedy: str) -> None:
        log.warning("studio: %s %s", message, remedy)
        state = PartState.FAILED if self._stage is None else PartState.ON
        self._status = PartStatus(state, self.provider, message, remedy)

    def _failed(self, error: BaseException) -> None:
        self._status = PartStatus(
            PartState.FAILED, "", f"The studio stopped: {error}.", "Start the session again."
        )
