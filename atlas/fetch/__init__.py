"""``atlas fetch``: how an atlas outgrows the data that it came with. Only this room touches the network.

Each ``[[fetch]]`` of ``atlas.toml`` has an address and a kind, which is a module of this folder with a function
``fetch(job)``; it asks the service, follows its pages, and writes one file. What breaks off is taken up where it stood;
where a service fails, the last good file stays.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal

from filelock import FileLock, Timeout

from atlas import sources
from atlas.config import Atlas, Fetch
from atlas.errors import AtlasError, ConfigError, FetchError, OutputError, UnknownName
from atlas.errors import refusal as reason_of
from atlas.fetch.changes import Changes, Fingerprints, before, compare, fingerprints, sha256, source_of
from atlas.fetch.client import Client
from atlas.fetch.job import Job, check_ask, check_writes
from atlas.fetched import LEDGER, fetched_folder, ledger_of
from atlas.language import counted

PIECES = ".pieces"
NO_KINDS = frozenset({"changes", "client", "faults", "job", "packing", "paging"})
TIMEOUT_S = 200.0  # Overpass may think for three minutes before its first byte
UNLIKE = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What readers raise at an answer that is not as documented; GDAL's and PROJ's own errors are among them."""
Result = Literal["new", "renewed", "same", "kept", "failed"]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Outcome:
    """What became of one fetch. ``kept``: it was there and was not asked for again; ``same``: it came as it was."""

    entry: Fetch
    result: Result
    path: Path
    changes: Changes = field(default_factory=Changes)
    size: int = 0
    hash: str = ""
    fault: AtlasError | None = None


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of services there are."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if module.name not in NO_KINDS))


def chosen(atlas: Atlas, names: Sequence[str]) -> list[Fetch]:
    """The entries that are named, in the order of ``atlas.toml``; without names all but those only to be named."""
    known = [one.id for one in atlas.fetch]
    if not known:
        raise ConfigError(
            "Este atlas não tem nada a descarregar. Acrescente entradas [[fetch]] a atlas.toml.",
            "This atlas has nothing to fetch. Add [[fetch]] entries to atlas.toml.",
            where=str(atlas.folder),
        )
    for name in names:
        if name not in known:
            raise UnknownName.among(name, known, pt="Nome", en="Name")
    picked = [one for one in atlas.fetch if (one.id in names if names else one.default)]
    for one in picked:
        if one.kind not in kinds():
            raise UnknownName.among(one.kind, kinds(), pt="Tipo de serviço", en="Kind of service", where=one.id)
        module = import_module(f"{__name__}.{one.kind}")
        check_writes(one, module.WRITES)
        check_ask(atlas, one, module.ASK)
    return picked


def fetch(
    atlas: Atlas,
    names: Sequence[str] = (),
    *,
    refresh: bool = False,
    progress: Progress | None = None,
    client: Callable[[Fetch], Client] | None = None,
) -> list[Outcome]:
    """Fetch what is named, one after the other; one that fails does not stop the others.

    Parameters
    ----------
    atlas
        With ``whole=True``: what is not fetched yet is in it.
    refresh
        Ask again also for what is there.
    progress
        Called with the share of the whole and the id of the entry.
    client
        Makes the client of an entry.

    Raises
    ------
    ConfigError, UnknownName
        A name or a kind that is not there.
    OutputError
        The folder cannot be written, or another fetch is at work there.
    """
    entries = chosen(atlas, names)
    folder = fetched_folder(atlas.folder)
    outcomes = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock").acquire(timeout=2):
            for number, entry in enumerate(entries):
                report = _part(progress, number, len(entries), entry.id)
                report(0.0)
                outcomes.append(_one(atlas, entry, folder, refresh, report, (client or client_of)(entry)))
    except Timeout:
        raise OutputError(
            "Outro `atlas fetch` está a decorrer nesta pasta. Espere que acabe.",
            "Another `atlas fetch` is at work in this folder. Wait for it to end.",
            where=str(folder),
        ) from None
    except OSError as fault:
        pt, en = reason_of(fault)
        raise OutputError(
            f"Não se pode escrever aqui ({pt}). Defina ATLAS_HOME, ou copie o atlas para outra pasta.",
            f"Cannot write here ({en}). Set ATLAS_HOME, or copy the atlas to another folder.",
            where=str(Path(fault.filename).parent if fault.filename else folder),
        ) from fault
    if progress:
        progress(1.0, "done")
    return outcomes


def client_of(entry: Fetch) -> Client:
    """A client that may ask the hosts of an entry, and no others."""
    try:
        host = urllib.parse.urlsplit(entry.address).hostname
    except ValueError:
        host = None  # what the client says of it when it is asked
    return Client(frozenset({*([host] if host else []), *entry.hosts}), entry.most_mb * 1e6, timeout_s=TIMEOUT_S)


def _part(progress: Progress | None, number: int, count: int, id_: str) -> Callable[[float], None]:
    def report(share: float) -> None:
        if progress:
            progress((number + share) / count, id_)

    return report


def _one(
    atlas: Atlas, entry: Fetch, folder: Path, refresh: bool, report: Callable[[float], None], client: Client
) -> Outcome:
    target, pieces = folder / entry.writes, folder / PIECES / entry.id
    held = ledger_of(folder).get(entry.writes, {})
    there = target.is_file() and held.get("sha256") == sha256(target) and held.get("address") == entry.address
    if there and not refresh:
        return Outcome(entry, "kept", target, size=target.stat().st_size, hash=str(held["sha256"]))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=target.parent):
        pass  # a folder that may not be written to is found before the service is asked
    old = before(atlas, entry)
    had = sha256(target) if target.is_file() else ""
    work = pieces / f"whole{target.suffix}"
    job = Job(entry, atlas, client, work, pieces, report)
    try:
        import_module(f"{__name__}.{entry.kind}").fetch(job)
        new = _contents_of(atlas, entry, work)
        if old and new == {}:
            raise FetchError(
                f"O serviço respondeu sem um único registo, e havia {len(old)}. Repita mais tarde; se já não há "
                "nenhum, retire a fonte de atlas.toml.",
                f"The service answered without a single record, and there were {len(old)}. Try again later; if there "
                "are none any more, take the source out of atlas.toml.",
                where=entry.address,
            )
    except (AtlasError, *UNLIKE) as fault:  # whatever a service answers, the others are still asked
        if not isinstance(fault, FetchError | OutputError):  # it would not be read the next time either
            shutil.rmtree(pieces, ignore_errors=True)
        return Outcome(entry, "failed", target, fault=fault if isinstance(fault, AtlasError) else unlike(entry, fault))
    work.replace(target)
    shutil.rmtree(pieces, ignore_errors=True)
    hash_ = sha256(target)
    changes = Changes() if new is None else compare(old, new)
    _note(folder, entry, target, hash_, changes)
    result: Result = "same" if hash_ == had else "renewed" if had else "new"
    return Outcome(entry, result, target, changes, target.stat().st_size, hash_)


def unlike(entry: Fetch, fault: Exception) -> FetchError:
    """The error of an answer that has not the form that its interface documents."""
    pt, en = reason_of(fault)
    return FetchError(
        f"A resposta não tem a forma documentada para «{entry.kind}» ({type(fault).__name__}: {pt}). Verifique "
        "`address`, e repita mais tarde.",
        f"The answer has not the form that is documented for “{entry.kind}” ({type(fault).__name__}: {en}). Check "
        "`address`, and try again later.",
        where=entry.address,
    )


def _contents_of(atlas: Atlas, entry: Fetch, work: Path) -> Fingerprints | None:
    """What came, read by the source that is to read it: what cannot be read does not take the last one's place."""
    source = source_of(atlas, entry)
    if source is None:
        return None
    return fingerprints(sources.load(source.model_copy(update={"file": work.name}), work.parent))


def _note(folder: Path, entry: Fetch, target: Path, hash_: str, changes: Changes) -> None:
    ledger: dict[str, Any] = ledger_of(folder)
    ledger[entry.writes] = {
        "fetch": entry.id,
        "address": entry.address,
        "title": entry.title,
        "publisher": entry.publisher,
        "licence": entry.licence,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "sha256": hash_,
        "bytes": target.stat().st_size,
        **{key: value for key, value in asdict(changes).items() if value is not None},
    }
    part = folder / f"{LEDGER}.part"
    part.write_text(json.dumps(ledger, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8", newline="\n")
    part.replace(folder / LEDGER)


def raise_failed(outcomes: Sequence[Outcome]) -> None:
    """One error for all that failed; the last good data of each stand."""
    failed = [one for one in outcomes if one.fault is not None]
    if not failed:
        return
    texts = {
        lang: "\n".join(f"{one.entry.id}: {one.fault.text(lang)}" for one in failed if one.fault)
        for lang in ("pt", "en")
    }
    of = {lang: counted(lang, len(outcomes), forms) for lang, forms in (
        ("pt", "# descarga|# descargas"), ("en", "# fetch|# fetches"))}  # fmt: skip
    raise FetchError(
        f"{counted('pt', len(failed), '# de {of} falhou|# de {of} falharam').format(of=of['pt'])}; "
        f"os últimos dados bons mantêm-se.\n{texts['pt']}",
        f"{len(failed)} of {of['en']} failed; the last good data stand.\n{texts['en']}",
    )
