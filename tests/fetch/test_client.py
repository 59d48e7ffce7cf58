"""The window to the network: who may be asked, how long, how much, and what happens when it breaks off."""

from __future__ import annotations

import datetime as dt
import email.utils
import gzip
import time
from pathlib import Path

import pytest
from fetch_service import Answer, Asked, Service

from atlas.errors import FetchError
from atlas.fetch.client import Client

PAGE = b"<!DOCTYPE html><html><body>Too busy</body></html>"


def test_a_busy_service_is_given_the_pause_that_it_asks_for(service: Service, client: Client) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    service.answers(
        Answer(b"", 429, {"Retry-After": "7"}),
        Answer(b"", 503, {"Retry-After": email.utils.format_datetime(later)}),
        Answer(b"", 504),
        Answer(b'{"fine": 1}'),
    )
    assert client.get_json(service.address) == {"fine": 1}
    assert client.waited[0] == 7
    assert client.waited[1] == pytest.approx(30, abs=3)
    assert client.waited[2] == 4  # 1, 2, 4 … where nothing is asked for


def test_patience_ends_and_the_error_says_that_what_came_is_kept(service: Service, client: Client) -> None:
    service.answers(Answer(b"", 504))
    with pytest.raises(FetchError, match="ocupado \\(504\\)") as fault:
        client.get(service.address)
    assert len(service.asked) == client.tries
    assert client.waited == [1, 2, 4, 8]
    assert "kept" in fault.value.en
    service.answers(Answer(b"", 429, {"Retry-After": "7200"}))
    with pytest.raises(FetchError, match="120 minutos"):
        client.get(service.address)
    assert client.waited == [1, 2, 4, 8]


def test_a_body_cut_short_is_asked_for_again(service: Service, client: Client) -> None:
    service.answers(Answer(b'{"a": [1, 2', claims=400), Answer(b'{"a": [1, 2'), Answer(b'{"a": [1, 2]}'))
    assert client.get_json(service.address) == {"a": [1, 2]}
    assert len(service.asked) == 3


def test_an_error_page_with_a_good_status_is_no_answer(service: Service, client: Client) -> None:
    service.answers(Answer(PAGE), Answer(b'{"fine": 1}'))
    assert client.get_json(service.address) == {"fine": 1}
    service.answers(Answer(PAGE))
    with pytest.raises(FetchError, match="página de erro"):
        client.get(service.address)


def test_a_refusal_is_not_asked_twice(service: Service, client: Client) -> None:
    service.answers(Answer(b"line 4: parse error", 400))
    with pytest.raises(FetchError, match="400: line 4: parse error"):
        client.get(service.address)
    assert len(service.asked) == 1


def test_only_hosts_of_the_list_are_asked_also_after_a_redirect(service: Service, client: Client) -> None:
    for address in ("http://localhost:1/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://a:b@127.0.0.1/"):
        with pytest.raises(FetchError):
            client.get(address)
    assert service.asked == []
    service.answers(Answer(b"", 302, {"Location": "http://example.org/data"}))
    with pytest.raises(FetchError, match="«example"):
        client.get(service.address)
    service.answers(Answer(b"", 302, {"Location": "/there"}), Answer(b'{"fine": 1}'))
    assert client.get_json(f"{service.address}/here") == {"fine": 1}
    assert service.asked[-1].path == "/there"
    service.answers(Answer(b"", 302, {"Location": "/round"}))
    with pytest.raises(FetchError, match="sem fim"):
        client.get(service.address)


@pytest.mark.parametrize("said", [True, False])
def test_more_than_was_allowed_is_refused(service: Service, client: Client, said: bool) -> None:
    bomb = gzip.compress(b"0" * 3_000_000)
    service.answers(Answer(b"x" * 2_000_000) if said else Answer(bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(FetchError, match="passa o limite"):
        client.get(service.address)
    assert len(service.asked) == 1


def test_a_packed_answer_is_unpacked_and_a_cut_one_seen(service: Service, client: Client) -> None:
    packed = gzip.compress(b'{"fine": 1}')
    header = {"Content-Encoding": "gzip"}
    service.answers(Answer(packed[:-9], headers=header), Answer(packed, headers=header))
    assert client.get_json(service.address) == {"fine": 1}
    assert len(service.asked) == 2


def test_a_service_that_does_not_answer_is_left(service: Service, client: Client) -> None:
    client.timeout_s, client.tries = 0.2, 2

    def slow(_: Asked) -> Answer:
        time.sleep(0.6)
        return Answer()

    service.reply = slow
    with pytest.raises(FetchError, match="não respondeu a tempo"):
        client.get(service.address)


def test_a_download_that_breaks_off_goes_on_where_it_stood(service: Service, client: Client, tmp_path: Path) -> None:
    content = bytes(range(256)) * 2000
    tag = {"ETag": '"one"'}

    def reply(asked: Asked) -> Answer:
        if "Range" not in asked.headers:
            return Answer(content[:200_000], headers=tag, claims=len(content))
        start = int(asked.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        assert asked.headers["If-Range"] == '"one"'
        return Answer(
            content[start:], 206, {**tag, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        )

    service.reply = reply
    client.download(service.address, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == content
    assert len(service.asked) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_download_beyond_the_end_of_a_file_that_shrank_starts_anew(
    service: Service, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"far too long")
    (tmp_path / "a.bin.mark").write_text('"old"', "utf-8")
    service.reply = lambda asked: Answer(b"", 416) if "Range" in asked.headers else Answer(b"short")
    client.download(service.address, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"short"


def test_a_host_that_is_not_found_is_not_asked_again(client: Client) -> None:
    client.hosts = frozenset({"nowhere.invalid"})
    with pytest.raises(FetchError, match="não foi encontrado"):
        client.get("http://nowhere.invalid/")
    assert client.waited == []


def test_a_download_of_a_file_that_changed_starts_anew(service: Service, client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"old half")
    (tmp_path / "a.bin.mark").write_text('"old"', "utf-8")
    service.answers(Answer(b"all that is new", headers={"ETag": '"new"'}))  # 200, not 206
    client.download(service.address, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"all that is new"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"", 429, {"Retry-After": "\xb2"}),
        Answer(b'{"fine": 1}', headers={"Content-Encoding": "gzip"}),
        Answer(gzip.compress(b'{"fine": 1}' * 50)[:30] + b"x" * 40, headers={"Content-Encoding": "gzip"}),
        Answer(b'<?xml version="1.0"?>\n<!-- a --><!DOCTYPE html PUBLIC "x"><html></html>'),
    ],
    ids=["a pause that is no number", "plain but called packed", "packed and damaged", "a page that begins as XML"],
)
def test_what_is_not_as_it_says_is_asked_for_again(service: Service, client: Client, answer: Answer) -> None:
    service.answers(
        answer, Answer(gzip.compress(b'{"fine":') + gzip.compress(b" 1}"), headers={"Content-Encoding": "gzip"})
    )
    assert client.get_json(service.address) == {"fine": 1}
    assert client.waited == [1]


@pytest.mark.parametrize("location", ["http://[there/", "//[", "http://127.0.0.1:port/"])
def test_a_redirect_to_what_is_no_address_is_said(service: Service, client: Client, location: str) -> None:
    service.answers(Answer(b"", 302, {"Location": location}))
    with pytest.raises(FetchError, match="Não é um endereço"):
        client.get(service.address)
    assert len(service.asked) == 1


def test_who_asks_can_be_named_and_a_service_that_wants_to_know_is_told_how(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.answers(Answer(b"Please set a user-agent", 403))
    with pytest.raises(FetchError, match="ATLAS_CONTACT"):
        client.get(service.address)
    monkeypatch.setenv("ATLAS_CONTACT", "sig@camara.example\r\nX: y")
    service.answers(Answer(b"fine"))
    client.get(service.address)
    assert service.asked[-1].headers["User-Agent"].endswith("(sig@camara.exampleX: y)")


def test_an_address_with_accents_and_spaces_is_asked_as_it_is_meant(service: Service, client: Client) -> None:
    client.get(f"{service.address}/Câmara Municipal/a%20b?nome=Évora")
    assert service.asked[0].path == "/C%C3%A2mara%20Municipal/a%20b"
    assert service.asked[0].query == {"nome": "Évora"}


def test_a_coding_that_was_not_asked_for_and_the_words_of_a_refusal_are_said(service: Service, client: Client) -> None:
    service.answers(Answer(b"\x0b\x02\x80", headers={"Content-Encoding": "br"}))
    with pytest.raises(FetchError, match="«br»"):
        client.get(service.address)
    page = gzip.compress(b"<html><title>No</title><p>such \x1b[31mthing</p></html>")
    service.answers(Answer(page, 404, {"Content-Encoding": "gzip"}))
    with pytest.raises(FetchError, match=r"404: No such \[31mthing\)"):
        client.get(service.address)


def test_a_part_that_does_not_follow_what_is_here_is_not_put_behind_it(
    service: Service, client: Client, tmp_path: Path
) -> None:
    """A file that changed half way, a part from elsewhere, one that ends early: none becomes a file."""
    parts = [
        Answer(b"YYYY", 206, {"ETag": '"two"', "Content-Range": "bytes 4-7/8"}),
        Answer(b"abcd", claims=8, headers={"ETag": '"one"'}),
        Answer(b"cdefgh", 206, {"ETag": '"one"', "Content-Range": "bytes 2-7/8"}),
        Answer(b"abcd", claims=8, headers={"ETag": '"one"'}),
        Answer(b"ef", 206, {"ETag": '"one"', "Content-Range": "bytes 4-5/8"}),
        Answer(b"gh", 206, {"ETag": '"one"', "Content-Range": "bytes 6-7/8"}),
    ]
    (tmp_path / "a.bin.part").write_bytes(b"XXXX")
    (tmp_path / "a.bin.mark").write_text('"one"', "utf-8")
    client.tries = 6
    service.answers(*parts)
    client.download(service.address, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"abcdefgh"
    assert [asked.headers.get("Range") for asked in service.asked] == [
        "bytes=4-", None, "bytes=4-", None, "bytes=4-", "bytes=6-"
    ]  # fmt: skip
