"""A ven for trying things out: it takes part in its stages by OpenADR 3.1, with devices it invents. Python alone.

    VEN_SECRET=… python examples/ven.py http://127.0.0.1:8000 sa-0123456789abcdef --opt-out 1 --silent 1

It asks for a token, polls every few seconds, and reads its devices anew whenever one of its stages changes. Before a
stage starts, some of its devices opt out. While it runs, the others report that they take part and what they use, and
some say nothing at all.
"""

import argparse
import json
import os
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

ROOT = "/openadr3/3.1.0/"
PAGE = 50  # the most that an answer has
TOGETHER = 500  # devices in one report
OFF = "PT0S"  # the duration of an event that is canceled
STILL_USED = 0.2  # of what a device would use without the stage
BUSY = (429, 503)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class Vtn:
    """The server, as one client sees it."""

    def __init__(self, url: str, client_id: str, secret: str) -> None:
        self.url, self.client_id, self.secret = url.rstrip("/") + ROOT, client_id, secret
        self.token, self.etags = "", dict[str, str]()

    def get(self, address: str, query: list[tuple[str, str]] | None = None) -> Any:
        """What an address has; None if it is as it was when this was called last."""
        where = f"{address}?{urllib.parse.urlencode(query or [])}"
        return self._call(where, None, {"If-None-Match": self.etags.get(where, "")})

    def post(self, address: str, body: dict[str, Any]) -> Any:
        return self._call(address, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _call(self, where: str, body: bytes | None, headers: dict[str, str]) -> Any:
        if not self.token:
            self.sign_in()
        signed = {**headers, "Authorization": f"Bearer {self.token}"}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + where, body, signed), timeout=30) as answer:
                self.etags[where] = answer.headers["ETag"] or ""
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code == 304:
                return None
            if refused.code == 401:  # the token is an hour old
                self.sign_in()
            elif refused.code in BUSY:
                time.sleep(float(refused.headers["Retry-After"] or 1))
            else:
                raise SystemExit(f"{where}: {refused.code} {refused.read().decode()}") from refused
        return self._call(where, body, headers)

    def sign_in(self) -> None:
        """Ask for a token; it lasts an hour."""
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret}
        address = self.url + "auth/token"
        try:
            with urllib.request.urlopen(address, urllib.parse.urlencode(form).encode(), timeout=30) as answer:
                self.token = json.load(answer)["access_token"]
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"auth/token: {refused.code} {refused.read().decode()}") from refused

    def devices_of(self, target: str) -> dict[str, float]:
        """The devices that a stage calls, page by page, with the kW of each; reading them confirms who opted out."""
        found: dict[str, float] = {}
        while True:
            query = [("targets", target), ("skip", str(len(found))), ("limit", str(PAGE))]
            self.etags.pop(f"resources?{urllib.parse.urlencode(query)}", None)
            page = self.get("resources", query)
            found |= {one["resourceName"]: value_of(one["attributes"], "MAX_POWER_CONSUMPTION") for one in page}
            if len(page) < PAGE:
                return found


class Part:
    """What the devices do in one stage."""

    def __init__(self, vtn: Vtn, given: argparse.Namespace) -> None:
        self.vtn, self.given = vtn, given
        self.event: dict[str, Any] = {}
        self.devices: dict[str, float] = {}
        self.reported_until: datetime | None = None
        self.opted_out = not given.opt_out
        self.part_of_spread = random.uniform(-1, 1)  # noqa: S311  (no secret)

    def read(self, event: dict[str, Any]) -> None:
        """Read a stage that is new or has changed, and the devices that it calls; print them."""
        self.event, self.devices = event, self.vtn.devices_of(event["targets"][0])
        period, names = event["intervalPeriod"], list(self.devices)
        control = value_of(event["intervals"][0]["payloads"], "GRIDCALL_CONTROL")
        what = "canceled" if self.is_off else f"from {period['start']} for {period['duration']}, {control}"
        print(f"{event['eventName']}: {what}, {len(names)} devices: {', '.join(names[:5])}", flush=True)

    @property
    def is_off(self) -> bool:
        return bool(self.event["intervalPeriod"]["duration"] == OFF)

    def take_turn(self, now: datetime) -> None:
        """Do what is due by now: opt out before the start, report while the stage runs, and once more at its end."""
        if self.is_off:
            return
        start, end = self._window()
        if now < start:
            self._opt_out(now)
            return
        since, until = self.reported_until or start, min(now, end)
        least = SECOND if until == end else timedelta(seconds=self.given.report_every)
        if until - since >= least:
            talking = list(self.devices.items())[: len(self.devices) - self.given.silent]
            self._report([of_running(name, kw, since, until) for name, kw in talking])
            self.reported_until = until

    def _window(self) -> tuple[datetime, datetime]:
        """When the devices run: they begin up to `randomizeStart` before or after the start, all at one moment here."""
        period = self.event["intervalPeriod"]
        shift = self.part_of_spread * length_of(period.get("randomizeStart", OFF))
        start = datetime.fromisoformat(period["start"]) + shift
        return start, start + length_of(period["duration"])

    def _opt_out(self, now: datetime) -> None:
        """The first devices say that they don't take part; the server then grants the ven one device less."""
        if not self.opted_out:
            names = list(self.devices)[: self.given.opt_out]
            self._report([of_idle(name, now) for name in names])
            print(f"{self.event['eventName']}: opted out: {', '.join(names)}", flush=True)
        self.opted_out = True

    def _report(self, resources: list[dict[str, Any]]) -> None:
        for first in range(0, len(resources), TOGETHER):
            some = resources[first : first + TOGETHER]
            self.vtn.post("reports", {"eventID": self.event["id"], "clientName": self.given.ven, "resources": some})
        print(f"{self.event['eventName']}: reported of {len(resources)} devices", flush=True)


def of_idle(name: str, at: datetime) -> dict[str, Any]:
    """What is reported of a device that opts out before the start."""
    return resource(name, at, timedelta(), OPERATING_STATE="IDLE_OPTED_OUT")


def of_running(name: str, kw: float, since: datetime, until: datetime) -> dict[str, Any]:
    """What is reported of a device that takes part: what it used, and would have used, in kWh."""
    would = kw * ((until - since) / HOUR)
    states = {"OPERATING_STATE": "RUNNING_CURTAILED", "USAGE": would * STILL_USED, "BASELINE": would}
    return resource(name, since, until - since, **states)


def resource(name: str, start: datetime, length: timedelta, **values: Any) -> dict[str, Any]:
    payloads = [{"type": kind, "values": [value]} for kind, value in values.items()]
    period = {"start": start.isoformat(), "duration": f"PT{length.total_seconds()}S"}
    return {"resourceName": name, "intervals": [{"id": 0, "intervalPeriod": period, "payloads": payloads}]}


def length_of(duration: str) -> timedelta:
    """A length of time as Gridcall writes it, in seconds."""
    return timedelta(seconds=int(re.findall(r"\d+", duration)[0]))


def value_of(values: list[dict[str, Any]], kind: str) -> Any:
    """The first value of a type, None if there is none."""
    return next((one["values"][0] for one in values if one["type"] == kind), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of Gridcall, such as http://127.0.0.1:8000")
    parser.add_argument("client_id", help="of the service account")
    parser.add_argument("--ven", default="ven", help="the head end's code, needed if the account has several")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two polls")
    parser.add_argument("--polls", type=int, default=0, help="end after so many; 0: never")
    parser.add_argument("--opt-out", type=int, default=0, help="how many devices opt out of a stage before it starts")
    parser.add_argument("--silent", type=int, default=0, help="of how many devices nothing is ever reported")
    parser.add_argument("--report-every", type=float, default=15.0, help="seconds between two reports of a stage")
    given = parser.parse_args()
    if not (secret := os.environ.get("VEN_SECRET")):
        parser.error("put the secret of the service account into the environment variable VEN_SECRET")
    vtn = Vtn(given.url, given.client_id, secret)
    parts: dict[str, Part] = {}
    polls = 0
    while True:
        for event in vtn.get("events", [("active", "true")]) or []:
            part = parts.setdefault(event["id"], Part(vtn, given))
            if part.event.get("modificationDateTime") != event["modificationDateTime"]:
                part.read(event)
        for part in parts.values():
            part.take_turn(datetime.now(UTC))
        polls += 1
        if polls == given.polls:
            return
        time.sleep(given.every)


if __name__ == "__main__":
    main()
