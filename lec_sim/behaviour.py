"""What a simulated device does when it is called: a pure function of (profile, seed, device, stage).

sql/call_devices.sql computes the same over a whole stage in one statement; a test holds the two together.
"""

import hashlib
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .choices import Answer, Fault

DRAWS = 4
SLOWER = 20
STEPS = 2**32


@dataclass(frozen=True)
class Profile:
    """How the devices behind a head end behave: mean seconds to an answer, shares of 0 to 1, a hazard per hour."""

    seed: int = 1
    answer_seconds: float = 4.0
    offline_share: float = 0.03
    reject_share: float = 0.01
    overrides_per_hour: float = 0.05


@dataclass(frozen=True)
class Behaviour:
    """What came of one call. Reduction in W, averaged over the stage's window."""

    answer: Answer
    answered_at: datetime | None
    overridden_at: datetime | None
    reduction_w: int


def with_fault(profile: Profile, fault: str) -> Profile:
    """The profile as it behaves while its head end has this fault."""
    if fault == Fault.OFFLINE:
        return replace(profile, offline_share=1.0, reject_share=0.0)
    if fault == Fault.REJECTS:
        return replace(profile, offline_share=0.0, reject_share=1.0)
    return replace(profile, answer_seconds=profile.answer_seconds * (SLOWER if fault == Fault.SLOW else 1))


def behave(
    profile: Profile, *, device: str, stage: str, expected_w: int, called_at: datetime, ends_at: datetime
) -> Behaviour:
    """What the device `head end/NIC id` does in the stage with this uid, if it is called at `called_at`."""
    who, latency, override, strength = draws(profile.seed, device, stage)
    if who < profile.offline_share:
        return Behaviour(Answer.SILENT, None, None, 0)
    answered_at = called_at + timedelta(seconds=-math.log(1 - latency) * profile.answer_seconds)
    if who < profile.offline_share + profile.reject_share:
        return Behaviour(Answer.REJECTED, answered_at, None, 0)
    window = (ends_at - called_at).total_seconds()
    held = window
    if profile.overrides_per_hour:
        held = min(window, -math.log(1 - override) / profile.overrides_per_hour * 3600)
    overridden_at = called_at + timedelta(seconds=held) if held < window else None
    return Behaviour(
        Answer.TAKES_PART, answered_at, overridden_at, math.floor(expected_w * (0.85 + 0.3 * strength) * held / window)
    )


def draws(seed: int, device: str, stage: str) -> list[float]:
    """Four numbers in [0, 1) that depend on nothing but the arguments."""
    digest = hashlib.sha256(f"{seed}|{device}|{stage}".encode()).digest()
    return [int.from_bytes(digest[4 * n : 4 * n + 4]) / STEPS for n in range(DRAWS)]
