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


def main_in_sentences() -> None:
    """Run main; what the machine refuses is a sentence, unless --traceback asks for more."""
    try:
        main()
    except engines.EnginesNotUsable as error:
        sys.exit(str(error))
    except Exception as problem:
        from integration.project.surroundings import sentence_about

        sentence = None if "--traceback" in sys.argv else sentence_about(problem)
        if sentence is None:
            raise
        sys.exit(sentence)


if __name__ == "__main__":
    main_in_sentences()
