"""Text direction: what the words mean, when it happens, and that nothing is guessed."""

from __future__ import annotations

import pytest

from inference.contract import CUES, MOODS, Controls, PersonareError
from inference.direction import (
    Change,
    Direction,
    Director,
    direction_of,
    parse_direction,
    tell_problems,
)
from inference.direction_words import CUE_SECONDS, PHRASES, Cue, Mood

Told = list[tuple[float, str]]


def acts(text: str) -> Told:
    """(seconds, what) of a direction that is understood: cues by name, changes as field=value."""
    direction = parse_direction(text)
    assert direction.problems == (), direction.problems
    told: Told = []
    for moment in direction.moments:
        for change in (*moment.lasting, *moment.passing):
            value = f"{change.mood}:{change.amount:g}" if change.mood else f"{change.amount:g}"
            told.append((moment.start_s, f"{change.field}{'+' if change.by else '='}{value}"))
        told += list(moment.cues)
    return sorted(told)


def problems(text: str) -> list[tuple[str, str]]:
    return [(problem.words, problem.nearest) for problem in parse_direction(text).problems]


class TestMeaning:
    def test_the_issues_own_example(self) -> None:
        direction = parse_direction("smile warmly and nod, then look thoughtful")
        assert direction.problems == ()
        first, second = direction.moments
        assert first.cues == ((0.0, "nod"), (0.0, "smile"))
        assert first.passing == (Change("warmth", 0.8),), "warmly belongs to this smile"
        assert second.start_s == CUE_SECONDS["smile"]
        assert second.lasting == (Change("mood", 0.8, "thinking"),)

    @pytest.mark.parametrize("name", MOODS)
    def test_every_mood_has_words(self, name: str) -> None:
        words = [" ".join(key) for key, meant in PHRASES.items() if meant == Mood(name)]
        assert len(words) >= 5
        for word in words:
            (told,) = acts(f"be {word}")
            assert told[1].startswith(f"mood={name}:")

    @pytest.mark.parametrize("name", CUES)
    def test_every_cue_has_words(self, name: str) -> None:
        words = [" ".join(key) for key, meant in PHRASES.items() if meant == Cue(name)]
        assert len(words) >= 3
        for word in words:
            assert acts(word) == [(0.0, name)]
            assert acts(f"Please {word.upper()}!") == [(0.0, name)]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("slightly sad", "mood=sad:0.4"),
            ("sad", "mood=sad:0.8"),
            ("very sad", "mood=sad:1"),
            ("be happy, a bit", None),
            ("look happy a little", "mood=happy:0.4"),
            ("get more angry", "mood=angry:1"),
            ("less angry", "mood=angry:0.4"),
            ("neutral", "mood=neutral:1"),
            ("be lively", "liveliness=0.8"),
            ("be very lively", "liveliness=1"),
            ("slightly calm", "liveliness=0.35"),
            ("more lively", "liveliness+0.25"),
            ("become much livelier", "liveliness+0.4"),
            ("less lively", "liveliness+-0.25"),
            ("less calm", "liveliness+0.25"),
            ("calm down a bit", "liveliness+-0.12"),
            ("warmer", "warmth+0.25"),
            ("a little more friendly", "warmth+0.12"),
            ("cool", "warmth=0.2"),
            ("speak happily", "mood=happy:0.8"),
            ("talk very calmly", "liveliness=0"),
        ],
    )
    def test_degrees(self, text: str, told: str | None) -> None:
        if told is None:
            assert problems(text) == [("a bit", "")], "a comma parts it from what it could mean"
        else:
            assert acts(text) == [(0.0, told)]

    def test_the_longest_phrase_wins(self) -> None:
        assert acts("look away") == [(0.0, "look_away")]
        assert acts("look thoughtful") == [(0.0, "mood=thinking:0.8")]
        assert acts("shake your head") == [(0.0, "shake")]
        assert acts("cool down") == [(0.0, "warmth+-0.25")]


class TestTime:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("nod then wink", [(0.0, "nod"), (1.2, "wink")]),
            ("nod, wink", [(0.0, "nod"), (1.2, "wink")]),
            ("Nod. Then wink.", [(0.0, "nod"), (1.2, "wink")]),
            ("nod; after that, wink", [(0.0, "nod"), (1.2, "wink")]),
            ("nod\nwink", [(0.0, "nod"), (1.2, "wink")]),
            ("nod before winking", [(0.0, "nod"), (1.2, "wink")]),
            ("nod and wink", [(0.0, "nod"), (0.0, "wink")]),
            ("nod, and wink", [(0.0, "nod"), (0.0, "wink")]),
            ("nod while winking", [(0.0, "nod"), (0.0, "wink")]),
            ("while winking, nod", [(0.0, "nod"), (0.0, "wink")]),
            ("nod twice then wink", [(0.0, "nod"), (1.2, "nod"), (2.4, "wink")]),
            ("nod 3 times", [(0.0, "nod"), (1.2, "nod"), (2.4, "nod")]),
            ("wink for 2 seconds", [(0.0, "wink"), (0.8, "wink")]),
            ("after 5 seconds nod", [(5.0, "nod")]),
            ("nod in five seconds", [(5.0, "nod")]),
            ("after 5 s, nod", [(5.0, "nod")]),
            ("5 seconds later nod", [(5.0, "nod")]),
            ("nod, half a second later wink", [(0.0, "nod"), (1.7, "wink")]),
            ("nod, then wait 2 seconds, then wink", [(0.0, "nod"), (3.2, "wink")]),
            ("wait for a minute, nod", [(60.0, "nod")]),
            ("at 0:12 nod", [(12.0, "nod")]),
            ("nod at 1:02.5", [(62.5, "nod")]),
            ("smile, and at 0:05 nod", [(0.0, "smile"), (5.0, "nod")]),
            ("at 0:10 nod, wink, at 0:02 smile", [(2.0, "smile"), (10.0, "nod"), (11.2, "wink")]),
            ("happy, then nod", [(0.0, "mood=happy:0.8"), (2.0, "nod")]),
            ("be sad for 4 seconds, then nod", [(0.0, "mood=sad:0.8"), (4.0, "nod")]),
        ],
    )
    def test_when(self, text: str, told: Told) -> None:
        found = acts(text)
        assert [what for _, what in found] == [what for _, what in told]
        assert [at for at, _ in found] == pytest.approx([at for at, _ in told])

    def test_its_own_length(self) -> None:
        assert parse_direction("nod, wink").seconds == pytest.approx(2.0)
        assert parse_direction("at 0:20 be sad for 5 seconds").seconds == 25.0


class TestNothingIsGuessed:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("smlie and nod", [("smlie", "smile")]),
            ("nod and jump", [("jump", "")]),
            ("look left", [("left", "lift")]),
            ("don't smile", [("don't", "")]),
            ("Don’t smile", [("don't", "")]),
            ("never nod", [("never", "")]),
            ("stop nodding", [("stop", "")]),
            ("nod slightly", [("slightly", "")]),
            ("happy and sad", [("sad", "")]),
            ("lively and calm", [("calm", "")]),
            ("nod 3", [("3", "")]),
            ("nod 40 times", [("40 times", "")]),
            ("nod for", [("for", "")]),
            ("nod after", [("after", "")]),
            ("nod for 3 parsecs", [("for", ""), ("3", ""), ("parsecs", "secs")]),
            ("twice", [("twice", "")]),
            ("very", [("very", "")]),
            ("nod 3 seconds", [("3 seconds", "")]),
            ("nod 1:99", [("1:99", "")]),
            ("", [("", "")]),
            (" ., then and ", [("., then and", "")]),
            ("lächeln", [("lächeln", "")]),
            ("nod 😀", [("😀", "")]),
        ],
    )
    def test_what_is_not_understood_is_reported(
        self, text: str, found: list[tuple[str, str]]
    ) -> None:
        assert problems(text) == found
        with pytest.raises(PersonareError) as caught:
            direction_of(text)
        assert str(caught.value).endswith(".")
        assert caught.value.remedy

    def test_the_remedy_names_the_nearest_word(self) -> None:
        message, remedy = tell_problems(parse_direction("smlie and jump").problems)
        assert "'smlie', 'jump'" in message
        assert remedy == "Perhaps you meant 'smile' for 'smlie'."
        assert "nod" in tell_problems(parse_direction("jump").problems)[1]

    def test_a_very_long_text_is_refused(self) -> None:
        assert parse_direction("nod, " * 1000).problems

    def test_random_words_never_raise(self) -> None:
        import random

        words = [*(" ".join(key) for key in PHRASES), *",;.:!?", "3", "0:12", "a", "seconds", "zz"]
        draw = random.Random(5)
        for _ in range(3000):
            text = " ".join(draw.choices(words, k=draw.randint(1, 12)))
            direction = parse_direction(text)
            assert bool(direction.moments) or bool(direction.problems), text
            for moment in direction.moments:
                assert moment.length_s >= 0
                assert moment.start_s >= 0


class Stage:
    """A director, asked every 10 ms."""

    def __init__(self, controls: Controls | None = None) -> None:
        self.director = Director(controls or Controls())
        self.now = 0.0
        self.cues: Told = []

    def begin(self, text: str) -> Stage:
        self.director.begin(direction_of(text), self.now)
        return self

    def run(self, until: float) -> Controls:
        while self.now < until - 1e-9:
            self.cues += [(round(self.now, 2), name) for name in self.director.act(self.now)]
            self.now += 0.01
        return self.director.controls


class TestDirector:
    def test_moods_and_cues_come_at_their_time(self) -> None:
        stage = Stage().begin("smile warmly and nod, then look thoughtful")
        assert stage.run(1.0) == Controls(warmth=0.8)
        assert sorted(name for _, name in stage.cues) == ["nod", "smile"]
        assert stage.director.text.startswith("smile")
        assert stage.run(3.0) == Controls(mood="thinking", mood_strength=0.8)
        assert stage.run(5.0).mood == "thinking", "a mood without a length stays"
        assert stage.director.text == ""
        assert stage.director.next_s == float("inf")

    def test_a_passing_mood_goes_back_to_what_was(self) -> None:
        was = Controls(0.3, 0.7, "serious", 0.5)
        stage = Stage(was).begin("be very happy for 2 seconds, then nod")
        assert stage.run(1.0) == Controls(0.3, 0.7, "happy", 1.0)
        assert stage.run(2.5) == was
        assert stage.cues == [(2.0, "nod")]

    def test_what_the_user_sets_meanwhile_is_not_taken_back(self) -> None:
        stage = Stage().begin("be happy and very lively for 2 seconds")
        stage.run(1.0)
        stage.director.set_controls(Controls(1.0, 0.5, "sad", 1.0))
        after = stage.run(3.0)
        assert (after.mood, after.liveliness) == ("sad", 0.5)

    def test_overlapping_lengths_end_where_they_began(self) -> None:
        stage = Stage().begin("at 0:00 be happy for 4 seconds, at 0:02 be sad for 4 seconds")
        assert stage.run(1.0).mood == "happy"
        assert stage.run(3.0).mood == "sad"
        assert stage.run(5.0).mood == "sad"
        assert stage.run(7.0).mood == "neutral"

    def test_levels_are_relative_to_now_and_stay_in_range(self) -> None:
        stage = Stage(Controls(liveliness=0.9)).begin("much livelier, then a bit calmer")
        assert stage.run(1.0).liveliness == 1.0
        assert stage.run(3.0).liveliness == pytest.approx(0.88)

    def test_a_new_direction_ends_the_old_one(self) -> None:
        stage = Stage().begin("be happy for 60 seconds, then nod")
        stage.run(1.0)
        stage.begin("wink")
        assert stage.run(80.0) == Controls()
        assert [name for _, name in stage.cues] == ["wink"]

    def test_ending_it_puts_everything_back(self) -> None:
        stage = Stage(Controls(0.2, 0.2)).begin("be sad and warm and lively for a minute")
        stage.run(1.0)
        stage.director.end()
        assert stage.run(2.0) == Controls(0.2, 0.2)

    def test_an_empty_direction_does_nothing(self) -> None:
        director = Director(Controls())
        director.begin(Direction("", ()), 3.0)
        assert director.act(3.0) == []
        assert director.text == ""
