"""The logs of the whole run, searched for what the database knows about customers."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from cpm.models import SelfServiceLink, Unavailability
from cpm.models.customers import Customer, DeviceLocation
from derms.choices import MISSED
from derms.models import Stage
from tests.faults.row import Row

EXPECTED = (
    "keeper",
    "postgres",
    "scheduler-1",
    "scheduler-2",
    "valkey",
    "web",
    "web-doomed",
    "worker-bulk",
    "worker-small",
)
MOST_SHOWN = 5
REFUSED_REASON = "Dialysis on Tuesdays"  # people type it in vain, so the database does not know it


class Finding(NamedTuple):
    """Something private in a log; the text itself is not repeated."""

    log: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.log} line {self.line}: {self.what}"


class KeptLogs:
    """Every log that was ever written in a state folder, although it only keeps the previous one of an engine."""

    def __init__(self, root: Path) -> None:
        self._written, self._kept = root / "log", root / "all-logs"

    def keep(self) -> None:
        """Give each log a second name, by which it stays when an engine that starts again replaces it."""
        self._kept.mkdir(exist_ok=True)
        for log in self._written.iterdir():
            second = self._kept / f"{log.name.partition('.')[0]}.{log.stat().st_ino}"
            if not second.exists():
                second.hardlink_to(log)

    def all(self) -> list[Path]:
        self.keep()
        return sorted(self._kept.iterdir())


def private_texts() -> dict[str, str]:
    """Each text that the database holds about a customer, or that people typed as a reason, with what it is."""
    texts = {REFUSED_REASON: "a reason"}
    columns = (
        ("a name", Customer.objects.values_list("name", flat=True)),
        ("an e-mail address", Customer.objects.values_list("email", flat=True)),
        ("a phone number", Customer.objects.values_list("phone", flat=True)),
        ("an address", DeviceLocation.objects.values_list("address", flat=True)),
        ("a reason", Unavailability.objects.values_list("reason", flat=True)),
        ("a reason", Stage.objects.exclude(reason=MISSED).values_list("reason", flat=True)),
    )
    for what, values in columns:
        texts |= dict.fromkeys(filter(None, values.distinct()), what)
    # The token begins with the uid: what is left of a link that was cut off is found, too.
    return texts | {uid.hex: "a link" for uid in SelfServiceLink.objects.values_list("uid", flat=True)}


def search(logs: list[Path], texts: dict[str, str]) -> Iterator[Finding]:
    """Find texts in logs, also as they are written in an address. The texts may be as many as the customers."""
    written = {form: what for text, what in texts.items() for form in (text, quote(text), quote_plus(text))}
    width = min(map(len, written), default=1)
    by_start: dict[str, list[str]] = {}
    for form in written:
        by_start.setdefault(form[:width], []).append(form)
    for log in logs:
        with log.open(errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if found := _first_in(line, by_start, width):
                    yield Finding(log.name, number, written[found])


def _first_in(line: str, by_start: dict[str, list[str]], width: int) -> str | None:
    for at in range(len(line) - width + 1):
        for form in by_start.get(line[at : at + width], ()):
            if line.startswith(form, at):
                return form
    return None


def searched(logs: list[Path], requests: int) -> Row:
    """Search them; each process must have a log, and people must have sent requests with such texts."""
    texts = private_texts()
    found = list(search(logs, texts))
    kinds = {log.name.partition(".")[0] for log in logs}
    missing = [name for name in EXPECTED if name not in kinds]
    size = sum(log.stat().st_size for log in logs)
    shown = "".join(f"; {finding}" for finding in found[:MOST_SHOWN])
    return Row(
        "the logs of every process, searched for names, addresses, phone numbers, links and reasons",
        len(texts),
        "0 findings",
        f"{len(found)} findings of {len(texts):,} texts in {len(logs)} logs of {size / 1e6:.1f} MB,"
        f" after {requests} requests with such texts{shown}{'; no log of ' + ', '.join(missing) if missing else ''}",
        not found and not missing and requests > 0,
    )
