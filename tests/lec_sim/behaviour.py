"""What a simulated device does when it is called, device by device: a pure function of profile, device and stage.

lec_sim/sql/simulated_calls.sql must compute the same for a whole stage in one statement.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from lec_sim.choices import Answer, Fault
from lec_sim.models import HeadEndProfile

DRAWS = 4
SLOW = 20
STEPS = 2**32


@dataclass(frozen=True)
class Behaviour:
    """The result of one call, and the W that the device holds from its answer until its own end."""

    answer: Answer
    answered_at: datetime | None
    overridden_at: datetime | None
    power_w: int


def behave(
    profile: HeadEndProfile, *, device: str, stage: str, nominal_w: int, called_at: datetime, ends_at: datetime
) -> Behaviour:
    """Return what the device `head end/NIC id` does in the stage with this uid if it is called at `called_at`."""
    who, latency, override, strength = draws(profile.seed, device, stage)
    offline_share, reject_share = _shares(profile)
    if who < offline_share:
        return Behaviour(Answer.SILENT, None, None, 0)
    slower = SLOW if profile.fault == Fault.SLOW else 1
    answered_at = called_at + timedelta(seconds=-math.log(1 - latency) * profile.answer_seconds * slower)
    if who < offline_share + reject_share:
        return Behaviour(Answer.REJECTED, answered_at, None, 0)
    window = (ends_at - called_at).total_seconds()
    held = window
    if profile.overrides_per_hour:
        held = min(window, -math.log(1 - override) / profile.overrides_per_hour * 3600)
    overridden_at = called_at + timedelta(seconds=held) if held < window else None
    return Behaviour(Answer.TAKES_PART, answered_at, overridden_at, math.floor(nominal_w * (0.85 + 0.3 * strength)))


def _shares(profile: HeadEndProfile) -> tuple[float, float]:
    """The shares of devices that never answer and that reject the call; a fault can set one of them to all devices."""
    if profile.fault == Fault.OFFLINE:
        return 1.0, 0.0
    if profile.fault == Fault.REJECTS:
        return 0.0, 1.0
    return profile.offline_share, profile.reject_share


def draws(seed: int, device: str, stage: str) -> list[float]:
    """Return four numbers in [0, 1) that depend only on the arguments; in half of the stages the first on no stage."""
    digest = hashlib.sha256(f"{seed}|{device}|{stage}".encode()).digest()
    found = [int.from_bytes(digest[4 * n : 4 * n + 4]) / STEPS for n in range(DRAWS)]
    if digest[15] & 1:
        found[0] = int.from_bytes(hashlib.sha256(f"{seed}|{device}".encode()).digest()[:4]) / STEPS
    return found
