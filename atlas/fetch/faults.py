"""What goes wrong on the wire: what may pass and is worth another try, what stays, and the words for both."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import socket
import time
import urllib.error
from collections.abc import Mapping

from atlas.errors import FetchError
from atlas.errors import refusal as reason_of
from atlas.language import counted

FORBIDDEN = 403
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_PATIENCE_S = 600.0
"""A service that asks for a longer pause is left for later."""
MOST_SAID = 300  # characters of a service's own words
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S)


class Passing(Exception):
    """A fault that may pass: worth another try after a pause."""

    def __init__(self, pt: str, en: str, after_s: float | None = None) -> None:
        super().__init__(en)
        self.pt, self.en, self.after_s = pt, en, after_s


class TooMuch(FetchError):
    """The service gave up on what it was asked for, and does so until less is asked for."""

    def __init__(self) -> None:
        super().__init__(
            "O servidor desiste até de uma área pequena. Repita mais tarde, ou use o extrato.",
            "The server gives up even on a small area. Try again later, or use the extract.",
        )


class Refused(FetchError):
    """The service understood what it was asked for, and does not do it."""


def refuse_pages(content: bytes) -> None:
    """An error page in place of data, whatever its status."""
    if _PAGE.match(content[:2048]):
        raise Passing("o serviço mandou uma página de erro", "the service sent an error page")


def refusal(address: str, status: int, content: bytes, headers: Mapping[str, str]) -> Exception:
    """The fault of a bad status: one that may pass, with the pause that the service asks for, or one that stays."""
    if status in BUSY:
        if b"TimeoutException" in content:  # Wikidata's service: the same question runs out of time again
            return TooMuch()
        after = _seconds(headers.get("Retry-After"))
        return Passing(f"o serviço está ocupado ({status})", f"the service is busy ({status})", after)
    text = re.sub(r"<!--.*?-->|<[^>]*>", " ", content.decode("utf-8", "replace"), flags=re.DOTALL)
    said = " ".join("".join(one if one.isprintable() else " " for one in text).split())[:MOST_SAID]
    who_pt, who_en = (
        (" Se pede que se identifique quem pergunta, defina ATLAS_CONTACT com um endereço.",
         " If it wants to know who asks, set ATLAS_CONTACT to an address.") if status == FORBIDDEN else ("", "")
    )  # fmt: skip
    return Refused(
        f"O serviço recusou o pedido ({status}: {said}). Verifique `address` e `ask` em atlas.toml.{who_pt}",
        f"The service refused the request ({status}: {said}). Check `address` and `ask` in atlas.toml.{who_en}",
        where=address,
    )


def _seconds(said: str | None) -> float | None:
    """``Retry-After`` in seconds, which may be written as a date.

    >>> _seconds("7"), _seconds(None), _seconds("soon")
    (7.0, None, None)
    """
    if said is None:
        return None
    if said.strip().isascii() and said.strip().isdigit():
        return min(float(said), 1e9)
    try:
        until = email.utils.parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    return max((until if until.tzinfo else until.replace(tzinfo=dt.UTC)).timestamp() - time.time(), 0.0)


def broken(fault: BaseException, address: str) -> Exception:
    """The fault of a connection that could not be made or that broke."""
    reason = fault.reason if isinstance(fault, urllib.error.URLError) else fault
    if isinstance(reason, str):
        reason = OSError(reason)
    if isinstance(reason, TimeoutError | socket.timeout):
        return Passing("o serviço não respondeu a tempo", "the service did not answer in time")
    if isinstance(reason, socket.gaierror):
        return FetchError(
            "O servidor não foi encontrado. Verifique a ligação à rede e `address`.",
            "The host was not found. Check the network and `address`.",
            where=address,
        )
    pt, en = reason_of(reason)
    return Passing(f"a ligação caiu ({pt})", f"the connection broke ({en})")


def given_up(address: str, fault: Passing, wait_s: float, tries: int) -> FetchError:
    """The error where patience has ended."""
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
