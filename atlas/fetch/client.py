"""The window to the network: an allow-list of hosts, time-outs, size limits, retries, downloads that go on."""

from __future__ import annotations

import email.utils
import http.client
import json
import socket
import ssl
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
from atlas.language import counted

AGENT = f"atlas-creative-places/{__version__} (atlas fetch)"
BLOCK = 256 * 1024
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_PATIENCE_S = 600.0
"""A service that asks for a longer pause is left for later."""
MOST_HOPS = 5
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Check = Callable[[bytes], None]
"""Looks at a whole answer and raises :class:`Passing` where it is not what was asked for."""


class Passing(Exception):
    """A fault that may pass: worth another try after a pause."""

    def __init__(self, pt: str, en: str, after_s: float | None = None) -> None:
        super().__init__(en)
        self.pt, self.en, self.after_s = pt, en, after_s


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
                if tag.startswith("W/"):
                    tag = ""
                mark.write_text(tag, "utf-8") if tag else mark.unlink(missing_ok=True)
                before = have if resumed else 0
                total = before + float(answer.headers.get("Content-Length") or 0)
                with part.open("ab" if resumed else "wb") as file:
                    done = before
                    for block in self._blocks(answer, before=before):
                        file.write(block)
                        done += len(block)
                        if progress and total > before:
                            progress(min(done / total, 1.0))
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
                    raise _given_up(address, fault, wait, attempt + 1) from None
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
            request = urllib.request.Request(address, data, {**headers, "User-Agent": AGENT})  # noqa: S310  (http(s) alone passes `allowed`)
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
                    raise refusal(address, fault.code, fault.read(400), dict(fault.headers.items())) from None
            except (urllib.error.URLError, http.client.HTTPException, OSError) as fault:
                raise _broken(fault, address) from None
            with answer:
                try:
                    yield answer
                except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as fault:
                    raise _broken(fault, address) from None
            return
        raise FetchError(
            "O serviço encaminha de um endereço para outro sem fim. Verifique `address`.",
            "The service redirects without end. Check `address`.",
            where=address,
        )

    def _next(self, address: str, location: str) -> str:
        there = urllib.parse.urljoin(address, location)
        if address.startswith("https:") and not there.startswith("https:"):
            raise FetchError(
                f"O serviço encaminha para um endereço sem cifra ({there}). Verifique `address`.",
                f"The service redirects to an address without encryption ({there}). Check `address`.",
                where=address,
            )
        return there

    def allowed(self, address: str) -> urllib.parse.SplitResult:
        """The parts of an address that may be asked."""
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise FetchError(
                "O endereço não é http:// nem https://. Corrija `address` em atlas.toml.",
                "The address is neither http:// nor https://. Mend `address` in atlas.toml.",
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
        return parts

    def _blocks(self, answer: http.client.HTTPResponse, *, before: int = 0) -> Iterator[bytes]:
        """An answer's content, unpacked, block by block; one that is too long or cut short is a fault."""
        said = answer.headers.get("Content-Length")
        packed = answer.headers.get("Content-Encoding", "").lower() == "gzip"
        unpack = zlib.decompressobj(wbits=31) if packed else None
        read, out, end = 0, before, time.monotonic() + self.deadline_s
        if said is not None and before + int(said) > self.most_bytes:
            raise self.too_long(before + int(said))
        while block := answer.read1(BLOCK):  # what has come, so that little is lost where it breaks off
            read += len(block)
            if unpack is not None:
                block = unpack.decompress(block, int(max(self.most_bytes - out, 0)) + 1)
            out += len(block)
            if out > self.most_bytes:
                raise self.too_long(out)
            if time.monotonic() > end:
                raise Passing("a resposta demora demasiado", "the answer takes too long")
            yield block
        if (said is not None and read < int(said)) or (unpack is not None and not unpack.eof):
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

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


def refuse_pages(content: bytes) -> None:
    """An error page in place of data, whatever its status."""
    start = content[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise Passing("o serviço mandou uma página de erro", "the service sent an error page")


def refusal(address: str, status: int, content: bytes, headers: Mapping[str, str]) -> Exception:
    """The fault of a bad status: one that may pass, with the pause that the service asks for, or one that stays."""
    if status in BUSY:
        after = _seconds(headers.get("Retry-After"))
        return Passing(f"o serviço está ocupado ({status})", f"the service is busy ({status})", after)
    said = " ".join(content.decode("utf-8", "replace").split())[:200]
    return FetchError(
        f"O serviço recusou o pedido ({status}: {said}). Verifique `address` e `ask` em atlas.toml.",
        f"The service refused the request ({status}: {said}). Check `address` and `ask` in atlas.toml.",
        where=address,
    )


def _seconds(said: str | None) -> float | None:
    """``Retry-After`` in seconds, which may be written as a date.

    >>> _seconds("7"), _seconds(None), _seconds("soon")
    (7.0, None, None)
    """
    if said is None:
        return None
    if said.strip().isdigit():
        return float(said)
    try:
        return max(email.utils.parsedate_to_datetime(said).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return None


def _broken(fault: BaseException, address: str) -> Exception:
    reason = fault.reason if isinstance(fault, urllib.error.URLError) else fault
    if isinstance(reason, TimeoutError | socket.timeout):
        return Passing("o serviço não respondeu a tempo", "the service did not answer in time")
    if isinstance(reason, socket.gaierror):
        return FetchError(
            "O servidor não foi encontrado. Verifique a ligação à rede e `address`.",
            "The host was not found. Check the network and `address`.",
            where=address,
        )
    return Passing(f"a ligação caiu ({reason})", f"the connection broke ({reason})")


def _given_up(address: str, fault: Passing, wait_s: float, tries: int) -> FetchError:
    if wait_s > MOST_PATIENCE_S:
        pt, en = counted("pt", wait_s / 60, "# minuto|# minutos"), counted("en", wait_s / 60, "# minute|# minutes")
        return FetchError(
            f"O serviço pede uma pausa de {pt} ({fault.pt}). Repita depois: o que já veio fica guardado.",
            f"The service asks for a pause of {en} ({fault.en}). Try again then: what has come is kept.",
            where=address,
        )
    return FetchError(
        f"Após {counted('pt', tries, '# tentativa|# tentativas')}, {fault.pt}. Repita mais tarde: o que já veio fica "
        "guardado.",
        f"After {counted('en', tries, '# try|# tries')}, {fault.en}. Try again later: what has come is kept.",
        where=address,
    )
