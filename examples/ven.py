"""A ven for trying things out: it reads its stages by OpenADR 3.1 and prints what its devices are to do. Python alone.

    VEN_SECRET=… python examples/ven.py http://127.0.0.1:8000 sa-0123456789abcdef

It asks for a token, polls every few seconds, and reads its devices anew whenever one of its stages changes.
"""

import argparse
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

ROOT = "/openadr3/3.1.0/"
PAGE = 50  # the most that an answer has
OFF = "PT0S"  # the duration of an event that is canceled


class Vtn:
    """The server, as one client sees it."""

    def __init__(self, url: str, client_id: str, secret: str) -> None:
        self.url, self.client_id, self.secret = url.rstrip("/") + ROOT, client_id, secret
        self.token, self.etags = "", dict[str, str]()

    def get(self, address: str, query: list[tuple[str, str]] | None = None, *, again: bool = True) -> Any:
        """What an address has; None if it is as it was when this was called last."""
        where = f"{address}?{urllib.parse.urlencode(query or [])}"
        headers = {"Authorization": f"Bearer {self.token}", "If-None-Match": self.etags.get(where, "")}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.url + where, headers=headers), timeout=30
            ) as answer:
                self.etags[where] = answer.headers["ETag"]
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code == 304:
                return None
            if refused.code == 401 and again:
                self.sign_in()
                return self.get(address, query, again=False)
            raise SystemExit(f"{where}: {refused.code} {refused.read().decode()}") from refused

    def sign_in(self) -> None:
        """Ask for a token; it lasts an hour."""
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret}
        with urllib.request.urlopen(
            urllib.request.Request(self.url + "auth/token", urllib.parse.urlencode(form).encode()), timeout=30
        ) as answer:
            self.token = json.load(answer)["access_token"]

    def devices_of(self, target: str) -> list[str]:
        """The names of the devices that a stage calls, page by page; reading them confirms who opted out."""
        names: list[str] = []
        while True:
            query = [("targets", target), ("skip", str(len(names))), ("limit", str(PAGE))]
            self.etags.pop(f"resources?{urllib.parse.urlencode(query)}", None)
            page = self.get("resources", query)
            names += [one["resourceName"] for one in page]
            if len(page) < PAGE:
                return names


def show(event: dict[str, Any], devices: list[str]) -> None:
    """Print a stage and the devices it calls."""
    period, payloads = event["intervalPeriod"], event["intervals"][0]["payloads"]
    control = next((one["values"] for one in payloads if one["type"] == "GRIDCALL_CONTROL"), [])
    what = "canceled" if period["duration"] == OFF else f"from {period['start']} for {period['duration']}, {control}"
    print(f"{event['eventName']}: {what}, {len(devices)} devices: {', '.join(devices[:5])}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of Gridcall, such as http://127.0.0.1:8000")
    parser.add_argument("client_id", help="of the service account")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two polls")
    parser.add_argument("--polls", type=int, default=0, help="end after so many; 0: never")
    given = parser.parse_args()
    vtn = Vtn(given.url, given.client_id, os.environ["VEN_SECRET"])
    vtn.sign_in()
    seen: dict[str, str] = {}
    polls = 0
    while True:
        for event in vtn.get("events", [("active", "true")]) or []:
            if seen.get(event["id"]) != event["modificationDateTime"]:
                seen[event["id"]] = event["modificationDateTime"]
                show(event, vtn.devices_of(event["targets"][0]))
        polls += 1
        if polls == given.polls:
            return
        time.sleep(given.every)


if __name__ == "__main__":
    main()
