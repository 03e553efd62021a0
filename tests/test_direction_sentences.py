"""What streamers and people in meetings type, and what becomes of it: one line each.

The right side is what `acts` tells: seconds, cue or change; what passes by itself has its end. A
sentence that asks for what no motion model can do is refused as a whole, naming the words.
"""

from __future__ import annotations

import pytest

from inference.direction import parse_direction, tell_problems
from inference.direction_moments import Change

UNDERSTOOD = {
    # smiles
    "smile": "0 smile",
    "Smile!": "0 smile",
    "Can you smile?": "0 smile",
    "smile at the camera": "0 smile",
    "Smile at me, please": "0 smile",
    "smile slightly": "0-2.5 happy 40%",
    "give a slight smile": "0-2.5 happy 40%",
    "a little smile": "0-2.5 happy 40%",
    "smile a bit": "0-2.5 happy 40%",
    "faint smile for 6 seconds": "0-6 happy 40%",
    "give me a big smile": "0 smile; 0-2.5 happy 80%",
    "smile broadly": "0 smile; 0-2.5 happy 80%",
    "put on a wide smile, then nod": "0 smile; 0-2.5 happy 80%; 2.5 nod",
    "smile more": "0 warmth +25%",
    "smile a little less": "0 warmth -12%",
    "smile warmly": "0 smile; 0-2.5 warmth 80%",
    "smile for 5 seconds": "0 smile; 1.2 smile; 2.4 smile",
    "hold a smile for 4 seconds": "0 smile; 1.2 smile",
    "keep smiling": "0 warmth 80%",
    # nods and other cues
    "nod": "0 nod",
    "Could you nod twice?": "0 nod; 1.2 nod",
    "give two nods": "0 nod; 1.2 nod",
    "nod 2x": "0 nod; 1.2 nod",
    "nod one time": "0 nod",
    "nod a couple of times": "0 nod; 1.2 nod",
    "nod a few times": "0 nod; 1.2 nod; 2.4 nod",
    "keep nodding for 3 seconds": "0 nod; 1.2 nod",
    "nod along for 4 seconds": "0 nod; 1.2 nod; 2.4 nod",
    "nod in agreement": "0 nod",
    "say yes": "0 nod",
    "shake your head no": "0 shake",
    "shake my head": "0 shake",
    "say no": "0 shake",
    "wink at chat": "0 wink",
    "wink twice at the audience": "0 wink; 0.8 wink",
    "eyebrows up": "0 raise_brows",
    "raise both eyebrows and smile": "0 raise_brows; 0 smile",
    "raise your brows for 3 seconds": "0 raise_brows; 1 raise_brows",
    "glance to the side": "0 look_away",
    "look away for 2 seconds": "0 look_away",
    "look away for 3 seconds": "0 look_away; 1 look_away",
    # moods
    "be happy": "0 happy 80%",
    "very happy": "0 happy 100%",
    "super happy": "0 happy 100%",
    "a little sad": "0 sad 40%",
    "kind of sad": "0 sad 40%",
    "look a little sad for 10 seconds": "0-10 sad 40%",
    "get happier": "0 happy 100%",
    "a bit angrier": "0 angry 80%",
    "50% happy": "0 happy 50%",
    "happy at 30%": "0 happy 30%",
    "be surprised, 70 percent": None,
    "extremely surprised": "0 surprised 100%",
    "mildly annoyed": "0 angry 40%",
    "make a sad face": "0 sad 80%",
    "pretend to be surprised": "0 surprised 80%",
    "poker face": "0 neutral",
    "back to normal": "0 neutral",
    "get serious for a minute": "0-60 serious 80%",
    "think hard": "0 thinking 100%",
    "think about it and look away": "0 look_away; 0 thinking 80%",
    "cheer up": "0 happy 80%",
    "from now on be serious but friendly": "0 serious 80%; 0 warmth 80%",
    "be happy for a few seconds, then sad": "0-3 happy 80%; 3 sad 80%",
    # levels
    "be more lively": "0 liveliness +25%",
    "more energy": "0 liveliness +25%",
    "set warmth to 30%": "0 warmth 30%",
    "liveliness 80%": "0 liveliness 80%",
    "80% calm": "0 liveliness 20%",
    "calm down a bit": "0 liveliness -12%",
    "stay calm and friendly": "0 liveliness 20%; 0 warmth 80%",
    "chill": "0 liveliness 20%",
    "warm up a little": "0 warmth +12%",
    # in order
    "smile & nod > wink": "0 nod; 0 smile; 2.5 wink",
    "first smile, then nod, finally wink": "0 smile; 2.5 nod; 3.7 wink",
    "in 5 seconds look surprised": "5 surprised 80%",
    "wait 10 seconds, then nod": "10 nod",
    "Smile; then, after 2s, nod.": "0 smile; 4.5 nod",
    "nod and, 2 seconds later, smile": "0 nod; 3.2 smile",
    "for 3 seconds be happy": "0-3 happy 80%",
    "I want you to nod right now": "0 nod",
}
REFUSED = {
    "nod firmly": "'firmly' cannot be said of 'nod'",
    "agree strongly": "'strongly' cannot be said of 'agree'",
    "nod slightly": "'slightly' cannot be said of 'nod'",
    "50% nod": "'50 %' cannot be said of 'nod'",
    "nod slowly": "'slowly'",
    "a quick nod": "'quick'",
    "laugh": "'laugh'",
    "smile and wave": "'wave'",
    "blink": "'blink'",
    "look left": "'left'",
    "roll your eyes": "'roll'",
    "tilt your head": "'tilt'",
    "frown": "'frown'",
    "look bored": "'bored'",
    "look at the camera": "asks for nothing",
    "raise an eyebrow": "'raise' is known only in phrases such as 'raise",
    "happy and sad": "contradicts",
    "smile slightly and be sad": "contradicts",
    "smile slightly very": "says nothing here",
    "don't look so serious": "say what to do instead",
    "you can't smile": "say what to do instead",
    "stop smiling": "say what to do instead",
    "smile every 10 seconds": "'every'",
    "nod when they talk": "'when'",
    "smile for a while": "needs a time",
    "200% happy": "'200 %' is more than all",
    "be happy until I say stop": "'until'",
    "sourire": "'sourire'",
}


def told(text: str) -> str:
    """A direction in the notation of the table, in the order of time, cues first."""
    lines: list[tuple[float, int, str]] = []

    def add(change: Change, start_s: float, end: str) -> None:
        percent = f"{round(100 * change.amount):{'+' if change.by else ''}d}%"
        what = "neutral" if change.mood == "neutral" else f"{change.mood or change.field} {percent}"
        lines.append((start_s, 1, f"{start_s:g}{end} {what}"))

    for moment in parse_direction(text).moments:
        lines += [(at, 0, f"{round(at, 6):g} {name}") for at, name in moment.cues]
        for change in moment.lasting:
            add(change, moment.start_s, "")
        for change in moment.passing:
            add(change, moment.start_s, f"-{moment.start_s + moment.length_s:g}")
    return "; ".join(line for _, _, line in sorted(lines))


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_a_sentence_is_understood(text: str) -> None:
    problems = parse_direction(text).problems
    if UNDERSTOOD[text] is None:
        assert problems, "a comma parts it from what it could mean"
        return
    assert problems == (), tell_problems(problems)
    assert told(text) == UNDERSTOOD[text]


@pytest.mark.parametrize("text", REFUSED)
def test_a_sentence_is_refused_by_its_words(text: str) -> None:
    problems = parse_direction(text).problems
    assert problems
    message, remedy = tell_problems(problems)
    assert REFUSED[text] in message
    assert remedy
