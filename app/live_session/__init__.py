"""The live session: microphone in, living character out; `session` puts the other modules together.

`feed` makes steady streams of sound, `loop` hears and draws, `guard` survives failing models,
`parts` keep devices alive, `studio` loads models, `catalog` lists devices, `makers` names what a
session is made of.
"""

from app.live_session.session import LiveChoices, LiveSession

__all__ = ["LiveChoices", "LiveSession"]
