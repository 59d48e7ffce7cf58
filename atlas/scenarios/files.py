"""A scenario as a small JSON file, and as a text that fits into a link."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from pathlib import Path
from typing import Any

from atlas.atlasfile import content_of, parse
from atlas.built import Built
from atlas.errors import ConfigError
from atlas.scenarios.model import SCHEMA, Scenario, data_of

LARGEST = 400_000  # characters of a scenario that is read: two hundred changes, with room
LINK = "link"


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file.

    Raises
    ------
    ConfigError
        It is missing, no JSON, of another schema, or holds keys or values that do not fit: every one is named.
    """
    return scenario_of_bytes(content_of(path, LARGEST + 1), str(path))


def scenario_of_bytes(raw: bytes, where: str) -> Scenario:
    """The scenario in a file's bytes; ``where`` is what the errors call it."""
    if len(raw) > LARGEST:
        raise _too_large(where)
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as fault:
        torn = fault if isinstance(fault, json.JSONDecodeError) else None
        pt = f" (linha {torn.lineno}, coluna {torn.colno})" if torn else ""
        en = f" (line {torn.lineno}, column {torn.colno})" if torn else ""
        raise ConfigError(
            f"Não é um cenário: o texto não é JSON em UTF-8{pt}. Use um ficheiro guardado pelo atlas.",
            f"This is no scenario: the text is no JSON in UTF-8{en}. Use a file that the atlas saved.",
            where=where,
        ) from fault
    return _scenario(data, where)


def write_scenario(scenario: Scenario, path: Path, *, force: bool = False) -> Path:
    """Write a scenario; an existing file is refused without ``force``."""
    from atlas.exports import write_text

    return write_text(text_of(scenario), path, force=force)


def text_of(scenario: Scenario) -> str:
    """The scenario as its file holds it: one change a line, so that two versions compare line by line."""
    plain = scenario.plain()
    changes = ",\n".join(f"  {_compact(one, spaced=True)}" for one in plain.pop("changes"))
    head = ",\n".join(f" {json.dumps(key)}: {_compact(value, spaced=True)}" for key, value in plain.items())
    return "{\n" + head + ',\n "changes": [' + (f"\n{changes}\n " if changes else "") + "]\n}\n"


def link_of(scenario: Scenario) -> str:
    """The scenario as a text of letters, digits, ``-`` and ``_``, for the address of a page."""
    packed = zlib.compress(_compact(scenario.plain()).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def scenario_of_link(text: str) -> Scenario:
    """The scenario that :func:`link_of` wrote; raises :class:`ConfigError` where the text was cut or changed."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        opener = zlib.decompressobj()
        raw = opener.decompress(packed, LARGEST + 1)
        if not opener.eof and len(raw) <= LARGEST:
            raise ValueError
    except (ValueError, binascii.Error, zlib.error):
        raise ConfigError(
            "A ligação com o cenário está cortada ou alterada. Peça-a de novo, ou o ficheiro do cenário.",
            "The link with the scenario was cut or changed. Ask for it again, or for the scenario's file.",
        ) from None
    return scenario_of_bytes(raw, LINK)


def refuse_other_atlas(scenario: Scenario, built: Built, where: str = "") -> None:
    """Raise where a scenario is of another atlas than this one."""
    refuse_elsewhere(scenario, built.atlas.atlas.id, where)


def refuse_elsewhere(scenario: Scenario, here: str, where: str = "") -> None:
    """Raise where a scenario is of another atlas than the one with the id ``here``, which need not be built yet."""
    if scenario.atlas != here:
        raise ConfigError(
            f"O cenário «{scenario.name}» é do atlas «{scenario.atlas}», e este é «{here}». Abra-o no seu atlas.",
            f"The scenario “{scenario.name}” is of the atlas “{scenario.atlas}”, and this is “{here}”. Open it there.",
            where=where,
        )


def other_data(scenario: Scenario, built: Built) -> tuple[str, str] | None:
    """What a scenario's data were and what they are now, where these differ: its places may have changed."""
    now = data_of(built)
    return (scenario.data, now) if scenario.data and scenario.data != now else None


def _scenario(data: Any, where: str) -> Scenario:
    if not isinstance(data, dict) or "changes" not in data:
        raise ConfigError(
            "Não é um cenário: falta a lista `changes`. Use um ficheiro guardado pelo atlas.",
            "This is no scenario: the list `changes` is missing. Use a file that the atlas saved.",
            where=where,
        )
    if data.get("schema") != SCHEMA:
        raise ConfigError(
            f"O cenário é do esquema {data.get('schema')!r}, este programa lê o {SCHEMA}. Abra-o na versão que o "
            "guardou, ou peça-o de novo.",
            f"The scenario is of schema {data.get('schema')!r}, this program reads {SCHEMA}. Open it in the version "
            "that saved it, or ask for it again.",
            where=where,
        )
    return parse(Scenario, data, Path(where))


def _compact(value: Any, *, spaced: bool = False) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=None if spaced else (",", ":"))


def _too_large(where: str) -> ConfigError:
    return ConfigError(
        f"Tem mais de {LARGEST // 1000} kB: não é um cenário. Use um ficheiro guardado pelo atlas.",
        f"It has more than {LARGEST // 1000} kB: this is no scenario. Use a file that the atlas saved.",
        where=where,
    )
