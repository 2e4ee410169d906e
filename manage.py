#!/usr/bin/env python
"""Gridcall's command line. Starts the embedded engines if no server is named; the last user to leave stops them."""

import os
import sys

from integration import engines


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")
    with engines.in_use():
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except engines.EnginesNotUsable as error:
        sys.exit(str(error))
