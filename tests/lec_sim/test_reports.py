"""What head ends report of their devices becomes answers, outcomes and delivered load, whatever order it comes in."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.seam.models import Message
from lec_sim import operations
from lec_sim.choices import Measure, Word
from lec_sim.models import LecAnswer, LecStage, LecTelemetry, LecWord
from lec_sim.operations import DevicesRefused, Said, hear
from lec_sim.queries import due
from tests.lec_sim import stages
from tests.lec_sim.reporting import (
    FIRST,
    FOURTH,
    HE,
    SECOND,
    THIRD,
    codes,
    measure,
    nominal,
    outcomes,
    say,
)

HOUR, MINUTE, SECONDS = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ANSWERED, NORMAL, OPTED_OUT, ERROR = Word.ANSWERED, Word.NORMAL, Word.OPTED_OUT, Word.ERROR


# --- What is kept -------------------------------------------------------------------------------------------------


def test_the_same_report_twice_changes_nothing(running: LecStage) -> None:
    at = running.starts_at + MINUTE
    assert say(running, FIRST, ANSWERED, at) == 1
    assert measure(running, FIRST, Measure.USAGE, 500, at) == 1
    operations.collect_answers(running.pk, now=at + MINUTE)
    before = list(LecAnswer.objects.values())

    assert say(running, FIRST, ANSWERED, at, heard_at=at + 2 * MINUTE) == 0
    assert measure(running, FIRST, Measure.USAGE, 500, at) == 0
    operations.collect_answers(running.pk, now=at + 3 * MINUTE)

    assert (LecWord.objects.count(), LecTelemetry.objects.count()) == (1, 1)
    assert list(LecAnswer.objects.values()) == before


def test_devices_of_another_head_end_or_stage_are_refused_by_name_and_nothing_is_kept(
    running: LecStage, now: datetime
) -> None:
    stages.reserved(running.starts_at, now, head_ends=("SIM",), devices=9)
    said = [Said(nic_id, ANSWERED, running.starts_at) for nic_id in (FIRST, "N0000009", "X1")]

    with pytest.raises(DevicesRefused, match=f"2 of the devices .* {HE}: N0000009, X1."):
        hear(running.pk, HE, said, [], now=running.starts_at)

    assert not LecWord.objects.exists()
    assert not LecStage.objects.exclude(first_report_at=None).exists()


def test_of_many_unknown_devices_some_are_named(running: LecStage) -> None:
    said = [Said(f"X{n}", ANSWERED, running.starts_at) for n in range(7)]

    with pytest.raises(DevicesRefused, match=r"7 of the devices .* X0, X1, X2, X3, X4 …\."):
        hear(running.pk, HE, said, [], now=running.starts_at)


def test_a_nic_id_at_two_head_ends_is_told_apart(running: LecStage, extract_folder: Path) -> None:
    start = running.starts_at
    say(running, FIRST, ANSWERED, start)
    hear(running.pk, "VEN2", [Said(FIRST, ERROR, start)], [], now=start)

    found = outcomes(running, extract_folder)

    assert (found[HE, FIRST]["code"], found["VEN2", FIRST]["code"]) == ("D1SP", "D1ER")
    assert found["VEN2", FIRST]["error"] == "the device reported an error"


def test_what_is_said_of_a_moment_to_come_is_said_of_now(running: LecStage) -> None:
    at = running.starts_at + MINUTE
    say(running, FIRST, ANSWERED, running.ends_at, heard_at=at)

    assert LecWord.objects.get().at == at


def test_a_report_after_the_outcomes_were_handed_over_changes_no_outcome(
    running: LecStage, extract_folder: Path
) -> None:
    assert set(codes(running, extract_folder).values()) == {"D1ND"}
    at = running.ends_at + 2 * MINUTE

    assert say(running, FIRST, ANSWERED, running.starts_at, heard_at=at) == 0
    assert measure(running, FIRST, Measure.USAGE, 500, running.starts_at) == 1  # readings may be used for years
    operations.collect_answers(running.pk, now=at)
    operations.hand_over_outcomes(running.pk, now=at)

    assert not LecAnswer.objects.exists()
    assert not LecWord.objects.exists()
    assert Message.objects.filter(kind="raw_outcome").count() == 1


# --- What devices did ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "share"),
    [
        ([], "D1ND", 0),
        ([(ANSWERED, 0)], "D1SP", 1),
        ([(ANSWERED, 30)], "D1SP", 0.5),
        ([(NORMAL, 1), (ANSWERED, 30)], "D1SP", 0.5),
        ([(NORMAL, 1)], "D1ND", 0),
        ([(NORMAL, -5)], "D1ND", 0),
        ([(ANSWERED, -5)], "D1ND", 0),
        ([(ANSWERED, 0), (NORMAL, 60)], "D1SP", 1),
        ([(ANSWERED, 60)], "D1ND", 0),
        ([(ERROR, -5)], "D1ER", 0),
        ([(ERROR, 5)], "D1ER", 0),
        ([(ERROR, 5), (ANSWERED, 30)], "D1SP", 0.5),
        ([(ANSWERED, 0), (ERROR, 5)], "D1ER", 0),
        ([(ANSWERED, 0), (OPTED_OUT, 30)], "D1IO", 0.5),
        ([(ANSWERED, 0), (OPTED_OUT, 30), (ANSWERED, 45)], "D1IO", 0.5),
        ([(OPTED_OUT, 30)], "D1IO", 0),
        ([(OPTED_OUT, 60)], "D1ND", 0),
        ([(ANSWERED, 0), (NORMAL, 15)], "D1IO", 0.25),
        ([(ANSWERED, 0), (NORMAL, 15), (ANSWERED, 20)], "D1SP", 1),
        ([(ANSWERED, 0), (NORMAL, 15), (NORMAL, 20)], "D1IO", 0.25),
    ],
)
@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "reversed"])
def test_words_decide_the_outcome_in_whatever_order_they_come(
    running: LecStage, extract_folder: Path, words: list[tuple[Word, int]], code: str, share: float, is_reversed: bool
) -> None:
    for word, minute in words[::-1] if is_reversed else words:
        at = running.starts_at + minute * MINUTE
        say(running, FIRST, word, at, heard_at=max(at, running.starts_at))
        operations.collect_answers(running.pk, now=max(at, running.starts_at))

    found = outcomes(running, extract_folder)[HE, FIRST]

    assert found["code"] == code
    # The call was five seconds after the start.
    assert int(found["reduction_w"]) == pytest.approx(share * nominal(running, FIRST), rel=0.01, abs=0.5)


def test_a_stage_is_handed_over_when_all_have_answered_or_waited_enough(running: LecStage) -> None:
    hear(running.pk, HE, [Said(n, ANSWERED, running.starts_at) for n in (FIRST, SECOND, THIRD, FOURTH)], [],
         now=running.starts_at)  # fmt: skip
    operations.collect_answers(running.pk, now=running.starts_at + MINUTE)
    operations.end_stage(running.pk, now=running.ends_at)

    assert list(due.stage_ids_to_hand_over(running.ends_at)) == []
    assert list(due.stage_ids_to_hand_over(running.ends_at + 30 * SECONDS)) == [running.pk]


@dataclass(frozen=True)
class Course:
    """What a device did, by a slow reading of what was said of it, moment by moment."""

    answer: str
    answered_at: datetime | None = None
    overridden_at: datetime | None = None


STRENGTH = {NORMAL: 0, ANSWERED: 1, ERROR: 2, OPTED_OUT: 3}  # of words of the same moment


def course(said: list[tuple[datetime, Word]], stage: LecStage, called_at: datetime) -> Course | None:
    part: datetime | None = None
    back: datetime | None = None
    failed: datetime | None = None
    last: Word | None = None
    for at, word in sorted(set(said), key=lambda one: (one[0], STRENGTH[one[1]])):
        if at >= stage.ends_at or (at < stage.starts_at and word in (ANSWERED, NORMAL)):
            continue
        last = word
        if word == OPTED_OUT:
            took_part = max(part or at, called_at)
            return Course("takes part", took_part, max(at, took_part))
        if word == ANSWERED:
            part, back = part or at, None
        elif word == NORMAL and part:
            back = back or at
        elif word == ERROR:
            failed = at
    if last is None:
        return None
    if last == ERROR and failed:
        return Course("failed", max(failed, called_at))
    if part is None:
        return Course("silent")
    took_part = max(part, called_at)
    return Course("takes part", took_part, max(back, took_part) if back else None)


reports = st.lists(
    st.tuples(st.sampled_from([FIRST, SECOND]), st.sampled_from(list(Word)), st.integers(-3, 13), st.booleans()),
    max_size=14,
)


@settings(max_examples=60)
@given(reports=reports)
@pytest.mark.django_db
def test_answers_are_those_of_a_slow_reading(running: LecStage, reports: list[tuple[str, Word, int, bool]]) -> None:
    called_at = running.starts_at + 5 * SECONDS
    with transaction.atomic():
        mark = transaction.savepoint()
        said: dict[str, list[tuple[datetime, Word]]] = {FIRST: [], SECOND: []}
        for heard, (nic_id, word, step, is_collected) in zip(itertools.count(1), reports, strict=False):
            at, heard_at = running.starts_at + step * 5 * MINUTE, running.ends_at + heard * SECONDS
            said[nic_id].append((at, word))
            say(running, nic_id, word, at, heard_at=heard_at)
            if is_collected:
                operations.collect_answers(running.pk, now=heard_at)
        operations.collect_answers(running.pk, now=running.ends_at + MINUTE)
        found = {
            one.nic_id: Course(one.answer, one.answered_at, one.overridden_at)
            for one in LecAnswer.objects.filter(stage=running)
        }
        transaction.savepoint_rollback(mark)

    slow = {nic_id: course(words, running, called_at) for nic_id, words in said.items()}
    assert found == {nic_id: one for nic_id, one in slow.items() if one}
