"""A page's HTML without the white space that a browser does not show."""

import re

from django.http import HttpResponse


def html_of(answer: HttpResponse) -> str:
    return squeezed(answer.content.decode())


def squeezed(html: str) -> str:
    """Each run of white space collapsed to one space, and none before a tag's end."""
    return re.sub(r"[ \n]+", " ", html).replace(" >", ">").strip()
