"""Which names readers may choose on trust, and which would be taken for the moderator's."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.web.readers.names import fold
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE

UNSEEN = (
    "\u00ad \u034f \u061c \u115f \u1160 \u17b4 \u17b5 \u180b \u180e \u200b \u200c \u200d \u200e "
    "\u200f \u202a \u202e \u2060 \u2063 \u2066 \u206f \u2800 \u3164 \ufe00 \ufe0f \ufeff \uffa0 "
    "\U0001bca0 \U0001d173 \U000e0001 \U000e0041 \U000e0100"
).split()
LOOK_ALIKES = [
    *(f"Mona{unseen}" for unseen in UNSEEN),
    *(f"M{unseen}ona" for unseen in UNSEEN),
    *("mona", "MONA", " Mona ", "Mona\u00a0", "Ｍｏｎａ", "𝐌𝐨𝐧𝐚", "ⓂⓄⓃⒶ"),
    *(
        "Mоna",
        "Monа",
        "Μona",
        "Моna",
        "Mοna",
        "M\u0585na",
        "Anonymous",
        "anonymous\u200b",
        "[Deleted]",
    ),
]
NOTHING = [*UNSEEN, "\u3164\u2800", " ", "\u00a0", "\u2003\u200b"]
LEGITIMATE = [
    *("Ada", "Zoë", "O'Hara", "Jean-Luc", "Łukasz", "Þórdís", "Nguyễn Văn A", "Анна", "Анна Smith"),
    *(
        "Ελένη",
        "Արամ",
        "ნინო",
        "שרה",
        "محمد",
        "می\u200cخواهم",
        "क्\u200dष",
        "நிலா",
        "ไหม",
        "李雷",
        "さくら",
    ),
    *("김민수", "ሰላም", "Ada 🦊", "👩\u200d💻", "❤\ufe0f", "R2-D2", "Mona Lisa", "Ramona", "monad"),
]


@pytest.fixture
def client(support: WebSupport) -> Client:
    return Client(WSGIApp(support, session=Session("key", moderator="Mona")))


def taken(client: Client, name: str) -> int:
    return client.put("/session", json={"name": name}, headers=HERE).status_code


@pytest.mark.parametrize("name", LOOK_ALIKES, ids=ascii)
def test_what_looks_like_the_moderator_s_name_is_not_to_be_had(client: Client, name: str) -> None:
    assert taken(client, name) in {400, 403}


@pytest.mark.parametrize("name", NOTHING, ids=ascii)
def test_a_name_of_which_nothing_is_seen_is_none(client: Client, name: str) -> None:
    assert taken(client, name) == 400


@pytest.mark.parametrize("name", LEGITIMATE, ids=ascii)
def test_names_of_many_scripts_are_taken(client: Client, name: str) -> None:
    assert taken(client, name) == 200


def test_folding_once_more_changes_nothing() -> None:
    for name in (*LOOK_ALIKES, *LEGITIMATE):
        assert fold(fold(name)) == fold(name)
