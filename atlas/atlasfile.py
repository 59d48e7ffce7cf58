"""Finding an atlas, reading its ``atlas.toml`` and checking that its parts fit each other."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from atlas import config_faults
from atlas.config import Atlas, Index, Indicator
from atlas.errors import AtlasError, ConfigError, SourceError, Spot, raise_first, refusal
from atlas.fetched import DECISIONS, located_file
from atlas.language import percent

CONFIG = "atlas.toml"
EMBEDDED = ("norte", "porto")
LEAST_COVER = 0.9  # of the neighbourhoods: what a source must claim to cover before it may weigh in an index
_Model = TypeVar("_Model", bound=BaseModel)


def product_folder(name: str) -> Path:
    """``layers`` or ``data`` as shipped: inside the installed package, else beside it in the source tree."""
    packaged = Path(__file__).parent / "shipped" / name
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / name


def find_atlas(name: str) -> Path:
    """The folder of an atlas: the name of an embedded one (names win), or a folder that holds ``atlas.toml``."""
    folder = product_folder("data") / name if name in EMBEDDED else Path(name)
    if not (folder / CONFIG).is_file():
        raise ConfigError(
            f"Não há aqui nenhum atlas (falta {CONFIG}). Indique `norte`, `porto` ou uma pasta com {CONFIG}.",
            f"There is no atlas here ({CONFIG} is missing). Name `norte`, `porto` or a folder with {CONFIG}.",
            where=str(name),
        )
    return folder


def content_of(path: Path, most: int = -1) -> bytes:
    """The first ``most`` bytes of a file that somebody named, or all; :class:`ConfigError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        raise ConfigError.absent(path) from None
    except OSError as fault:
        pt, en = refusal(fault)
        raise ConfigError(
            f"O ficheiro não se lê ({pt}). Indique outro, ou verifique as permissões.",
            f"The file cannot be read ({en}). Name another, or check its permissions.",
            where=str(path),
        ) from fault


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary; what cannot be read is a :class:`ConfigError` with file and line."""
    try:
        return tomllib.loads(content_of(path).decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise ConfigError(
            "O ficheiro não está em UTF-8. Guarde-o assim no editor de texto.",
            "The file is not in UTF-8. Save it so in your text editor.",
            where=Spot.of(path, line=fault.object.count(b"\n", 0, fault.start) + 1),
        ) from fault
    except tomllib.TOMLDecodeError as fault:
        raise ConfigError(
            f"Não é TOML válido: {fault}. Corrija essa linha.",
            f"This is no valid TOML: {fault}. Mend that line.",
            where=str(path),
        ) from fault


def parse(model: type[_Model], data: Mapping[str, Any], path: Path) -> _Model:
    """Validate ``data`` as ``model``; every fault is named with its line, its key and what was expected."""
    try:
        return model.model_validate(data)
    except ValidationError as fault:
        text = path.read_text("utf-8-sig", errors="replace") if path.is_file() else ""
        faults = [_config_fault(model, error, path, text) for error in fault.errors()]
    raise_first(faults)
    raise AssertionError("unreachable: a validation error has at least one fault")


def _config_fault(model: type[BaseModel], error: Any, path: Path, text: str) -> ConfigError:
    loc = [part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)
    line = _line_of(text, loc)
    where = Spot.of(path, line=line)
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(loc[-1]), list(_keys_of(model, loc[:-1])), n=1)
        guess_pt = f" Será «{near[0]}»?" if near else " Elimine-a."
        guess_en = f" Did you mean “{near[0]}”?" if near else " Remove it."
        return ConfigError(f"Chave desconhecida: «{key}».{guess_pt}", f"Unknown key: “{key}”.{guess_en}", where=where)
    if error["type"] == "missing":
        return ConfigError(f"Falta a chave «{key}». Acrescente-a.", f"The key “{key}” is missing. Add it.", where=where)
    if error["type"] == config_faults.OWN:
        pt, en = config_faults.expected(error)
        return ConfigError(f"«{key}»: {pt}.", f"“{key}”: {en}.", where=where)
    there, wanted = config_faults.shown(error.get("input")), config_faults.expected(error)
    return ConfigError(
        f"«{key}» tem {there[0]}, que não serve: {wanted[0]}. Corrija o valor.",
        f"“{key}” holds {there[1]}, which will not do: {wanted[1]}. Mend the value.",
        where=where,
    )


def _keys_of(model: type[BaseModel], loc: list[Any]) -> Iterator[str]:
    """The keys that a model knows at a place inside it, for the guess at what was meant."""
    here: Any = model
    for part in loc:
        if isinstance(part, int):
            continue
        fields = {field.alias or name: field.annotation for name, field in here.model_fields.items()}
        here = next((one for one in _flatten(fields.get(part)) if isinstance(one, type)), None)
        if here is None or not issubclass(here, BaseModel):
            return
    for name, field in here.model_fields.items():
        yield field.alias or name


def _flatten(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for one in arguments:
        yield from _flatten(one)


def _line_of(text: str, loc: list[Any]) -> int | None:
    """The line of a key in a TOML text: follow the table headers, then the key itself."""
    start, found = 0, None
    for position, part in enumerate(loc):
        if isinstance(part, int) and position:
            headers = [m.end() for m in re.finditer(rf"(?m)^\s*\[\[[\w.]*\b{loc[position - 1]}\]\]", text[start:])]
            if part < len(headers):
                found = start = start + headers[part]
        elif isinstance(part, str):
            hit = re.search(
                rf"(?m)(^\s*\[[\w.]*\b{re.escape(part)}\]|(^|[{{,])\s*\"?{re.escape(part)}\"?\s*=)", text[start:]
            )
            if hit:
                found = start + hit.start() + (1 if text[start + hit.start() : start + hit.start() + 1] == "\n" else 0)
                start = found
    return None if found is None else text.count("\n", 0, found) + 1


def load_atlas(folder: Path, *, calibrated: bool = True, whole: bool = False) -> Atlas:
    """Read ``atlas.toml`` and the layers (the product's, overridden by the atlas's own), and check them together.

    With ``calibrated=False`` reference points may be missing: that is what ``atlas build --recalibrate`` starts from.
    With ``whole=True`` what is not fetched yet is there too.
    """
    from atlas.judging import with_judges
    from atlas.layers import load_layers

    path = folder / CONFIG
    read = parse(Atlas, read_toml(path), path)
    own = folder / "layers"
    layers = load_layers([product_folder("layers"), *([own] if own.is_dir() else [])])
    atlas = read.model_copy(update={"folder": folder, "layers": layers})
    if not whole:
        atlas = what_is_there(atlas)
    atlas = with_judges(_with_decisions(atlas))
    raise_first([fault for fault in _faults(atlas, path) if calibrated or not isinstance(fault, NotCalibrated)])
    return atlas


def _with_decisions(atlas: Atlas) -> Atlas:
    """The atlas with its ``decisions.csv``, where there is one, as the first of its sources."""
    from atlas.sources.decisions import decisions_source

    path = located_file(atlas.folder, DECISIONS)
    if not path.is_file():
        return atlas
    return atlas.model_copy(update={"source": (decisions_source(path), *atlas.source)})


def what_is_there(atlas: Atlas) -> Atlas:
    """The atlas without the sources that are still to be fetched, and without what rests on them alone.

    A fetched source stands in for those that it replaces. An indicator all of whose sources are absent goes, and an
    index that loses all its indicators.
    """
    absent = {one.id for one in atlas.source if one.fetched and not located_file(atlas.folder, one.file).is_file()}
    instead = {old: one.id for one in atlas.source if one.fetched and one.id not in absent for old in one.replaces}
    if not absent and not instead:
        return atlas

    def held(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(instead.get(name, name) for name in names if name not in absent))

    indicators = tuple(
        one.model_copy(update={"sources": held(one.sources)})
        for one in atlas.indicator
        if not one.sources or held(one.sources)
    )
    gone = {one.code for one in atlas.indicator} - {one.code for one in indicators}
    indices = []
    for index in atlas.index:
        pillars = tuple(
            one.model_copy(update={"indicators": {code: w for code, w in one.indicators.items() if code not in gone}})
            for one in index.pillar
        )
        if any(one.indicators for one in pillars) or not any(one.indicators for one in index.pillar):
            indices.append(index.model_copy(update={"pillar": pillars}))
    return atlas.model_copy(
        update={
            "source": tuple(one for one in atlas.source if one.id not in absent and one.id not in instead),
            "indicator": indicators,
            "index": tuple(indices),
        }
    )


class NotCalibrated(ConfigError):
    """An indicator stands in an index without reference points."""


def _faults(atlas: Atlas, path: Path) -> Iterator[AtlasError]:
    yield from _links_out(atlas)
    yield from _repeated(atlas, path)
    yield from _unknown_references(atlas, path)
    known = {indicator.code: indicator for indicator in atlas.indicator}
    for index in atlas.index:
        for pillar in index.pillar:
            for code in sorted(pillar.against.keys() - pillar.indicators.keys() - {pillar.id}):
                yield ConfigError(
                    f"«{code}» não é deste pilar. As razões em `against` são dos seus indicadores, ou dele mesmo.",
                    f"“{code}” is not of this pillar. Reasons in `against` are for its indicators, or for itself.",
                    where=f"{path}, {index.id}.{pillar.id}",
                )
            for code, weight in pillar.indicators.items():
                where = f"{path}, {index.id}.{pillar.id}.{code}"
                if code not in known:
                    pt, en = _guess(code, known)
                    yield ConfigError(
                        f"O indicador «{code}» não está definido{pt}. Corrija o nome, ou defina-o em `[[indicator]]`.",
                        f"The indicator “{code}” is not defined{en}. Mend the name, or define it in `[[indicator]]`.",
                        where=where,
                    )
                elif weight <= 0:
                    yield ConfigError(
                        f"O peso {weight} não serve: tem de ser positivo.",
                        f"The weight {weight} will not do: it must be positive.",
                        where=where,
                    )
                else:
                    yield from _misplaced(atlas, index, known[code], where)
    yield from _on_both_axes(atlas, path)


def _links_out(atlas: Atlas) -> Iterator[AtlasError]:
    """Files inside the atlas's folder that are links to somewhere else: a copy of the folder would lack them."""
    units = atlas.neighbourhoods
    named = {units.file, units.parents, *(one.file for one in atlas.source)}
    named |= {str(one.read["nodes"]) for one in atlas.source if "nodes" in one.read}
    paths = [located_file(atlas.folder, name) for name in sorted(named) if name]
    for path in [*paths, *sorted((atlas.folder / "layers").glob("*.toml"))]:
        if ".." in path.parts or not path.is_relative_to(atlas.folder):
            continue  # `../norte/…` says openly where it leads
        there = path.resolve()
        if not there.is_relative_to(atlas.folder.resolve()):
            yield ConfigError(
                f"É uma ligação para fora da pasta do atlas ({there}). Copie o ficheiro para a pasta, ou escreva o "
                "caminho em `file`.",
                f"It is a link out of the atlas's folder ({there}). Copy the file into the folder, or write the path "
                "in `file`.",
                where=str(path),
            )


def _repeated(atlas: Atlas, path: Path) -> Iterator[AtlasError]:
    lists = {
        "source": [one.id for one in atlas.source],
        "indicator": [one.code for one in atlas.indicator],
        "index": [one.id for one in atlas.index],
        "fetch": [one.id for one in atlas.fetch],
    }
    for index in atlas.index:
        lists[f"{index.id}.indicators"] = [code for pillar in index.pillar for code in pillar.indicators]
    for kind, ids in lists.items():
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            yield ConfigError(
                f"«{twice}» aparece duas vezes em «{kind}». Mantenha um só.",
                f"“{twice}” stands twice in “{kind}”. Keep one.",
                where=str(path),
            )


def _unknown_references(atlas: Atlas, path: Path) -> Iterator[AtlasError]:
    sources = {one.id for one in atlas.source}
    layers = {one.id for one in atlas.layers}
    wanted = [(f"indicator.{one.code}", one.sources, one.layers) for one in atlas.indicator]
    wanted += [(f"source.{one.id}", (), one.layers) for one in atlas.source]
    wanted.append(("neighbourhoods", (atlas.neighbourhoods.source,), ()))
    wanted.append(("walking", tuple(one for one in (atlas.walking.network, atlas.walking.relief) if one), ()))
    for place, named_sources, named_layers in wanted:
        for kind, names, known in (("source", named_sources, sources), ("layer", named_layers, layers)):
            for name in names:
                if name not in known:
                    pt, en = _guess(name, known)
                    yield ConfigError(
                        f"«{name}» não existe como {kind}{pt}. Corrija o nome, ou acrescente o que falta.",
                        f"“{name}” does not exist as a {kind}{en}. Mend the name, or add what is missing.",
                        where=f"{path}, {place}",
                    )


def _guess(name: str, known: Iterable[str]) -> tuple[str, str]:
    """The nearest known name as a question in each language; nothing where none is near."""
    near = get_close_matches(name, list(known), n=1)
    return (f" («{near[0]}»?)", f" (“{near[0]}”?)") if near else ("", "")


def _misplaced(atlas: Atlas, index: Index, indicator: Indicator, where: str) -> Iterator[AtlasError]:
    """What would make an index say more than its data know (municipal copies, partial sources, no scale)."""
    if indicator.level != index.level:
        yield ConfigError(
            f"O indicador é de nível «{indicator.level}» e o índice de nível «{index.level}»: um valor municipal não "
            "ordena freguesias. Retire-o do índice.",
            f"The indicator is of level “{indicator.level}” and the index of level “{index.level}”: a municipal figure "
            "does not rank parishes. Take it out of the index.",
            where=where,
        )
    if indicator.goalposts is None:
        yield NotCalibrated(
            "Falta `goalposts` (pontos de referência fixos). Execute `atlas build --recalibrate` ou indique-os.",
            "`goalposts` (fixed reference points) are missing. Run `atlas build --recalibrate` or give them.",
            where=where,
        )
    for name in indicator.sources:
        source = next((one for one in atlas.source if one.id == name), None)
        if source is not None and source.covers < LEAST_COVER:
            yield ConfigError(
                f"A fonte «{name}» cobre {percent('pt', source.covers)} das unidades; para pesar num índice são "
                f"precisos {percent('pt', LEAST_COVER)}. Use-a só como camada.",
                f"The source “{name}” covers {percent('en', source.covers)} of the units; to weigh in an index it "
                f"takes {percent('en', LEAST_COVER)}. Use it as a layer only.",
                where=where,
            )


def _on_both_axes(atlas: Atlas, path: Path) -> Iterator[AtlasError]:
    """A raw column, or its complement, must not reach potential and decline both."""
    known = {indicator.code: indicator for indicator in atlas.indicator}

    def columns(index_id: str) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for index in atlas.index:
            if index.id != index_id:
                continue
            for code in (code for pillar in index.pillar for code in pillar.indicators if code in known):
                options = known[code].with_
                for key in ("column", "part", "complement"):
                    if key in options:
                        found[(",".join(known[code].sources), str(options[key]))] = code
        return found

    potential, decline = columns(atlas.opportunity.potential), columns(atlas.opportunity.decline)
    for column in sorted(potential.keys() & decline.keys()):
        yield ConfigError(
            f"A coluna «{column[1]}» entra no potencial ({potential[column]}) e no declínio ({decline[column]}). "
            "Retire-a de um dos eixos.",
            f"The column “{column[1]}” enters potential ({potential[column]}) and decline ({decline[column]}). "
            "Take it off one axis.",
            where=str(path),
        )


def load_weights(path: Path) -> dict[str, float]:
    """``[weights]`` with ``code = number`` from a TOML file; each must be a number of at least 0, one above it."""
    table = read_toml(path).get("weights")
    if not isinstance(table, dict) or not table:
        raise ConfigError(
            "Falta a tabela [weights] com linhas `código = número`. Acrescente-a.",
            "The table [weights] with lines `code = number` is missing. Add it.",
            where=str(path),
        )
    faults: list[AtlasError] = []
    for code, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            faults.append(
                ConfigError(
                    f"O peso de «{code}» é {value!r}: tem de ser um número não negativo.",
                    f"The weight of “{code}” is {value!r}: it must be a number of at least 0.",
                    where=str(path),
                )
            )
    raise_first(faults)
    if not any(table.values()):
        raise ConfigError(
            "Todos os pesos são zero. Dê peso a um pilar, pelo menos.",
            "All weights are zero. Give weight to one pillar at least.",
            where=str(path),
        )
    return {code: float(value) for code, value in table.items()}


def check_file(path: Path) -> Path:
    """``path`` if it is a readable file; else the :class:`SourceError` that says so."""
    if not path.is_file():
        raise SourceError(
            "O ficheiro não existe. Verifique `file` em atlas.toml.",
            "The file does not exist. Check `file` in atlas.toml.",
            where=str(path),
        )
    return path
