"""A page's HTML without the white space that a browser does not show."""

import re

from django.http import HttpResponse


def html_of(answer: HttpResponse) -> str:
    """The body with each run of white space collapsed to one space, and none before a tag's end."""
    return re.sub(r"[ \n]+", " ", answer.content.decode()).replace(" >", ">").strip()
