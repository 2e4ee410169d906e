"""Help: every page has a link to its document, and every document opens with links and pictures that lead somewhere."""

import re

import pytest
from django.test import Client

from integration.console.help import ABOUT_PAGES, documents, help_url, pictures
from integration.console.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_csr(client: Client, csr: User) -> Client:
    client.force_login(csr)
    return client


def test_a_page_links_to_its_own_document(as_csr: Client) -> None:
    assert 'href="/help/how-to/csr/"' in as_csr.get("/customers/").content.decode()
    assert help_url("/events/DR-2026-0001/approve/") == "/help/how-to/operator/"
    assert help_url("/unknown/") == "/help/index/"
    assert set(ABOUT_PAGES.values()) <= documents()


def test_every_document_opens_without_a_style_and_leads_to_existing_ones(as_csr: Client) -> None:
    for name in documents():
        page = as_csr.get(f"/help/{name}/").content.decode()
        article = page[page.index("<article") : page.index("</article>")]
        assert "<h1" in article, name
        assert "style=" not in article, name
        assert "<!--" not in article, name
        linked = re.findall(r'href="/help/([^"#]+)/', article)
        assert set(linked) <= documents(), name
        for picture in re.findall(r'src="/help/pictures/([^"]+)"', article):
            assert picture in pictures(), name


def test_pictures_open_and_nothing_else_of_the_folder_does(as_csr: Client) -> None:
    answer = as_csr.get("/help/pictures/customer.png")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    for address in (
        "/help/pictures/index.md",
        "/help/pictures/conf.py",
        "/help/../manage/",
        "/help/no-such/",
        "/help/how-to/../index/",
    ):
        assert as_csr.get(address, follow=True).status_code == 404, address


def test_help_needs_a_sign_in(client: Client) -> None:
    assert client.get("/help/index/")["Location"].startswith("/account/login/")
