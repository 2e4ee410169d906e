"""Why called devices deliver less than expected: what most of them did, and what those have in common."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from integration.seam.recorded import recorded

FAILURES = {
    "silent": recorded("%(failed)s of %(total)s silent devices: %(name)s."),
    "rejecting": recorded("%(failed)s of %(total)s rejecting devices: %(name)s."),
    "overridden": recorded("%(failed)s of %(total)s overridden devices: %(name)s."),
}


class Group(NamedTuple):
    """The called devices with something in common, such as a feeder, and how many of them failed in each way."""

    dimension: str  # head end, class, feeder
    name: str
    called: int
    silent: int
    rejecting: int
    overridden: int

    @property
    def taking_part(self) -> int:
        return self.called - self.silent - self.rejecting

    def failed(self, how: str) -> int:
        return {"silent": self.silent, "rejecting": self.rejecting, "overridden": self.overridden}[how]


def largest_cause(groups: Sequence[Group]) -> str:
    """Return a sentence such as “948 of 948 silent devices: sample-climate”; empty if no device failed.

    The cause is the group with the most failures above what its size alone would explain. Each dimension contains all
    called devices.
    """
    if not groups:
        return ""
    whole = [group for group in groups if group.dimension == groups[0].dimension]
    called = sum(group.called for group in whole)
    how = max(FAILURES, key=lambda one: sum(group.failed(one) for group in whole))
    total = sum(group.failed(how) for group in whole)
    if not total:
        return ""

    def weight(group: Group) -> tuple[int, int]:
        return round(group.failed(how) - group.called * total / called), group.failed(how)

    worst = max(groups, key=weight)
    name = worst.name if worst.dimension == "head end" else f"{worst.dimension} {worst.name}"
    return FAILURES[how](failed=f"{worst.failed(how):,}", total=f"{total:,}", name=name)


def groups_of_reports(reports: Iterable[Iterable[dict[str, int | str]]]) -> list[Group]:
    """Return the head ends of reports about stages (DeliveredLoad.head_ends), each once."""
    found: dict[str, list[int]] = {}
    for report in reports:
        for load in report:
            counts = [int(load[field]) for field in ("called", "answered", "rejected", "overridden")]
            found[str(load["head_end"])] = [
                a + b for a, b in zip(found.get(str(load["head_end"]), [0] * 4), counts, strict=True)
            ]
    return [
        Group("head end", name, called, called - answered, rejected, overridden)
        for name, (called, answered, rejected, overridden) in sorted(found.items())
    ]
