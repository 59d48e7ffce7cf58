"""The window to the network: an allow-list of hosts, time-outs, size limits, retries, downloads that go on."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import ssl
import string
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atlas import __version__
from atlas.errors import FetchError
from atlas.fetch.faults import MOST_PATIENCE_S, Passing, broken, given_up, refusal, refuse_pages

BLOCK = 256 * 1024
MOST_HOPS = 5
_FOLLOWING = re.compile(r"bytes\s+(\d+)-\d+/(\d+)?", re.I)  # where a part of a file begins, and how long the whole is
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Check = Callable[[bytes], None]
"""Looks at a whole answer and raises :class:`Passing` where it is not what was asked for."""


def agent() -> str:
    """What the program calls itself; with ``ATLAS_CONTACT``, an address or e-mail, also whom it asks for.

    Wikimedia's servers turn away programs that name nobody who can be written to.
    """
    contact = "".join(one for one in os.environ.get("ATLAS_CONTACT", "") if one.isascii() and one.isprintable())
    return f"atlas-creative-places/{__version__} ({contact or 'atlas fetch'})"


@dataclass
class Client:
    """Requests to the hosts that ``atlas.toml`` names.

    Attributes
    ----------
    hosts
        Those that may be asked, also after a redirect.
    most_bytes
        Largest answer, unpacked.
    tries
        How often a passing fault is met again, with pauses of 1, 2, 4 … seconds, or what ``Retry-After`` says.
    timeout_s
        Of each step on the wire; ``deadline_s`` is that of a whole answer.
    """

    hosts: frozenset[str]
    most_bytes: float = 1e9
    tries: int = 5
    timeout_s: float = 60.0
    deadline_s: float = 3600.0
    pause: Callable[[float], None] = time.sleep
    waited: list[float] = field(default_factory=list)

    def get(
        self,
        address: str,
        params: Mapping[str, Any] | None = None,
        *,
        form: Mapping[str, Any] | None = None,
        accept: str = "*/*",
        check: Check | None = None,
    ) -> bytes:
        """A whole answer. With ``form`` it is asked for by POST.

        Raises
        ------
        FetchError
            The host is not allowed, the service refuses, or every try met a passing fault.
        """
        if params:
            mark = "&" if urllib.parse.urlsplit(address).query else "?"
            address = f"{address}{mark}{urllib.parse.urlencode(params)}"
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}

        def once() -> bytes:
            with self._open(address, headers, data) as answer:
                content = b"".join(self._blocks(answer))
            refuse_pages(content)
            if check is not None:
                check(content)
            return content

        return self.again(address, once)

    def get_json(self, address: str, params: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """A whole answer as JSON; one that is cut short is asked for again."""
        found: list[Any] = []
        inner: Check | None = options.pop("check", None)

        def check(content: bytes) -> None:
            if inner is not None:
                inner(content)
            try:
                found[:] = [json.loads(content)]
            except ValueError:
                raise Passing("a resposta está cortada ou não é JSON", "the answer is cut short or no JSON") from None

        self.get(address, params, check=check, **{"accept": "application/json", **options})
        return found[0]

    def download(self, address: str, target: Path, *, progress: Callable[[float], None] | None = None) -> None:
        """A file, whole or not at all; one that breaks off goes on where it stood, if the service can."""
        part = target.with_name(target.name + ".part")
        mark = target.with_name(target.name + ".mark")
        target.parent.mkdir(parents=True, exist_ok=True)

        def once() -> None:
            have = part.stat().st_size if part.is_file() and mark.is_file() else 0
            headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
            if have:
                headers |= {"Range": f"bytes={have}-", "If-Range": mark.read_text("utf-8")}
            with self._open(address, headers, None, part if have else None) as answer:
                resumed = answer.status == 206
                tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
                if tag.startswith("W/") or answer.headers.get("Content-Encoding"):
                    tag = ""  # of what comes packed, what is here counts other bytes than the service
                following = _FOLLOWING.match(answer.headers.get("Content-Range", ""))
                same = following is not None and int(following[1]) == have and tag in ("", headers.get("If-Range", tag))
                if resumed and not same:
                    mark.unlink(missing_ok=True)
                    raise Passing("o ficheiro mudou", "the file has changed")
                mark.write_text(tag, "utf-8") if tag else mark.unlink(missing_ok=True)
                before = have if resumed else 0
                stated = following[2] if resumed and following else None
                total = int(stated) if stated else before + (answer.length or 0)
                with part.open("ab" if resumed else "wb") as file:
                    done = before
                    for block in self._blocks(answer, before=before):
                        file.write(block)
                        done += len(block)
                        if progress and total > before:
                            progress(min(done / total, 1.0))
                if stated and done < total:
                    raise Passing("a resposta chegou cortada", "the answer came cut short")
            with part.open("rb") as file:
                refuse_pages(file.read(2048))

        try:
            self.again(address, once)
        except FetchError:
            if not mark.is_file():
                part.unlink(missing_ok=True)
            raise
        part.replace(target)
        mark.unlink(missing_ok=True)

    def again(self, address: str, once: Callable[[], Any]) -> Any:
        """Try until it comes or patience ends; ``once`` raises :class:`Passing` where another try is worth it."""
        for attempt in range(self.tries):
            try:
                return once()
            except Passing as fault:
                wait = fault.after_s if fault.after_s is not None else float(2**attempt)
                if attempt + 1 == self.tries or wait > MOST_PATIENCE_S:
                    raise given_up(address, fault, wait, attempt + 1) from None
                self.waited.append(wait)
                self.pause(wait)
        raise AssertionError("unreachable: the last try raises")

    @contextmanager
    def _open(
        self, address: str, headers: Mapping[str, str], data: bytes | None, part: Path | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """An answer with a good status; redirects are followed to allowed hosts only.

        ``part`` is what a download has so far: where nothing follows it any more, it is thrown away.
        """
        for _ in range(MOST_HOPS):
            parts = self.allowed(address)
            request = urllib.request.Request(parts.geturl(), data, {**headers, "User-Agent": agent()})  # noqa: S310  (http(s) alone passes `allowed`)
            proxies = [urllib.request.ProxyHandler({})] if parts.hostname in LOOPBACK else []
            opener = urllib.request.build_opener(_NoRedirect, *proxies)
            try:
                answer = opener.open(request, timeout=self.timeout_s)
            except urllib.error.HTTPError as fault:
                with fault:
                    if fault.code in (301, 302, 303, 307, 308) and fault.headers.get("Location"):
                        address = self._next(address, str(fault.headers["Location"]))
                        data = None if fault.code == 303 else data
                        continue
                    if fault.code == 416 and part is not None:
                        part.unlink()
                        raise Passing("o ficheiro mudou", "the file has changed") from None
                    raise refusal(address, fault.code, _words(fault), dict(fault.headers.items())) from None
            except (urllib.error.URLError, http.client.HTTPException, OSError) as fault:
                raise broken(fault, address) from None
            with answer:
                try:
                    yield answer
                except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as fault:
                    raise broken(fault, address) from None
                except (gzip.BadGzipFile, zlib.error, EOFError):
                    raise Passing("a resposta compactada está danificada", "the packed answer is damaged") from None
            return
        raise FetchError(
            "O serviço encaminha de um endereço para outro sem fim. Verifique `address`.",
            "The service redirects without end. Check `address`.",
            where=address,
        )

    def _next(self, address: str, location: str) -> str:
        try:
            there = urllib.parse.urljoin(address, location)
        except ValueError:
            there = location  # `allowed` says what is wrong with it
        if address.startswith("https:") and not there.startswith("https:"):
            raise FetchError(
                f"O serviço encaminha para um endereço sem cifra ({there}). Verifique `address`.",
                f"The service redirects to an address without encryption ({there}). Check `address`.",
                where=address,
            )
        return there

    def allowed(self, address: str) -> urllib.parse.SplitResult:
        """The parts of an address that may be asked, as they go over the wire."""
        try:
            parts = urllib.parse.urlsplit(address)
            sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
        except ValueError:
            sound = False
        if not sound:
            raise FetchError(
                "Não é um endereço http:// ou https:// válido. Corrija `address` em atlas.toml.",
                "This is no valid address of http:// or https://. Mend `address` in atlas.toml.",
                where=address,
            )
        if parts.hostname not in self.hosts:
            raise FetchError(
                f"«{parts.hostname}» não está entre os servidores permitidos ({', '.join(sorted(self.hosts))}). "
                "Se confia nele, junte-o a `hosts` em atlas.toml.",
                f"“{parts.hostname}” is not among the allowed hosts ({', '.join(sorted(self.hosts))}). "
                "If you trust it, add it to `hosts` in atlas.toml.",
                where=address,
            )
        path, query = (urllib.parse.quote(one, safe=string.punctuation) for one in (parts.path, parts.query))
        return parts._replace(path=path, query=query)

    def _blocks(self, answer: http.client.HTTPResponse, *, before: int = 0) -> Iterator[bytes]:
        """An answer's content, unpacked, block by block; one that is too long or cut short is a fault."""
        said, coding = answer.length, answer.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", "", "gzip", "x-gzip"):
            raise FetchError(
                f"O serviço responde num formato que não foi pedido («{coding}»). Verifique `address` em atlas.toml.",
                f"The service answers in a coding that was not asked for (“{coding}”). Check `address` in atlas.toml.",
            )
        packed = "gzip" in coding
        content = gzip.GzipFile(fileobj=answer) if packed else answer
        out, end = before, time.monotonic() + self.deadline_s
        if said is not None and before + said > self.most_bytes:
            raise self.too_long(before + said)
        while block := content.read1(BLOCK):  # what has come, so that little is lost where it breaks off
            out += len(block)
            if out > self.most_bytes:
                raise self.too_long(out)
            if time.monotonic() > end:
                raise Passing("a resposta demora demasiado", "the answer takes too long")
            yield block
        if not packed and said is not None and out - before < said:
            raise Passing("a resposta chegou cortada", "the answer came cut short")

    def too_long(self, size: float) -> FetchError:
        """The fault of an answer beyond ``most_bytes``."""
        return FetchError(
            f"A resposta passa o limite ({size / 1e6:.0f} de {self.most_bytes / 1e6:.0f} MB). Aumente `most_mb` se "
            "confia no serviço.",
            f"The answer exceeds the limit ({size / 1e6:.0f} of {self.most_bytes / 1e6:.0f} MB). Raise `most_mb` if "
            "you trust the service.",
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects come back as answers: where they lead is looked at first."""

    def http_error_302(self, *_: Any, **__: Any) -> None:
        """Follow none."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _words(fault: urllib.error.HTTPError) -> bytes:
    """What a service says to a bad status, as far as it comes."""
    try:
        content: bytes = fault.read(BLOCK)
        packed = content.startswith(b"\x1f\x8b")
        return zlib.decompressobj(wbits=31).decompress(content, BLOCK) if packed else content
    except (OSError, http.client.HTTPException, zlib.error):
        return b""
