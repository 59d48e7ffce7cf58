"""The planner's package: one ZIP that an authority can file, open and pass on.

It holds the scored neighbourhoods and the places in every format that a municipal office asks for, with styles, a QGIS
project, metadata, licences, the field dictionary, the method, and the SHA-256 of each file. Places that derive from
OpenStreetMap stand apart in ``odbl/``. Same inputs, same bytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from atlas.build import Progress, silent
from atlas.built import Built
from atlas.errors import OutputError
from atlas.exports import refuse_existing, working_folder, write
from atlas.exports.dictionary import write_dictionary
from atlas.exports.exportable import Exportable
from atlas.exports.geometry import by_kind
from atlas.exports.geopackage import write_layers
from atlas.exports.style import qml, sld
from atlas.language import LANGUAGES, Lang, Translator
from atlas.package.iso19139 import metadata
from atlas.package.layers import ODBL, Part, parts_of
from atlas.package.project import project
from atlas.source_words import in_language

EPOCH = (1980, 1, 1, 0, 0, 0)
FORMATS = {"geojson": ".geojson", "tables": ".xlsx", "csv": ".csv", "kml": ".kml"}
"""Folder → format of the files in it; the GeoPackage stands at the top."""
METHOD = {"pt": "metodo.pdf", "en": "method.pdf"}
_README_ODBL = 6  # the line of the readme on the folder of what derives from OpenStreetMap


def write_package(
    built: Built, path: Path, *, lang: Lang = "pt", force: bool = False, progress: Progress = silent
) -> Path:
    """Write the package of a built atlas as a ZIP.

    Raises :class:`OutputError` where the file exists (unless ``force``), cannot be written, or is no ``.zip``.
    """
    path = Path(path)
    if path.suffix.lower() != ".zip":
        raise OutputError(
            "O pacote é um ZIP. Indique um nome que acabe em «.zip».",
            "The package is a ZIP. Give a name that ends in “.zip”.",
            where=str(path),
        )
    refuse_existing(path, force=force)
    with working_folder(path) as folder:
        root = folder / "package"
        root.mkdir()
        fill(built, root, lang, progress)
        archive = folder / path.name
        pack(root, archive, f"atlas-{built.atlas.atlas.id}")
        archive.replace(path)
    return path


def fill(built: Built, root: Path, lang: Lang, progress: Progress = silent) -> None:
    """Lay every file of the package into ``root``."""
    parts = parts_of(built, lang)
    steps = len(parts) + 2
    for done, part in enumerate(parts):
        progress(done / steps, "package")
        _write_formats(part, root, lang)
        _write_styles(part, root / part.folder / "styles", lang)
        _write_about(part, root, lang)
    progress(len(parts) / steps, "package")
    for folder in dict.fromkeys(part.folder for part in parts):
        own = [part.layer.tidy for part in parts if part.folder == folder]
        write_layers(own, root / folder / parts[0].geopackage(folder), lang)
    (root / "atlas.qgs").write_text(project(built, parts, lang), "utf-8", newline="\n")
    progress((len(parts) + 1) / steps, "package")
    _write_method(built, root, lang)
    _write_diagnosis(built, root, lang)
    _write_words(built, parts, root, lang)
    _write_manifest(built, root)


def _write_formats(part: Part, root: Path, lang: Lang) -> None:
    """One layer in every format but the GeoPackage; its field dictionary once, in a folder of its own."""
    for name, suffix in FORMATS.items():
        folder = root / part.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for written in write(part.layer, folder / f"{part.layer.id}{suffix}", lang=lang):
            if ".fields." in written.name:
                written.unlink()
    folder = root / part.folder / "dictionary"
    folder.mkdir(parents=True, exist_ok=True)
    write_dictionary(part.layer, folder / part.layer.id)


def _write_styles(part: Part, folder: Path, lang: Lang) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for layer in (part.layer, part.layer.outlines):
        for kind in by_kind(layer.frame) if layer is not None else ():
            assert layer is not None
            name = layer.id if len(by_kind(layer.frame)) == 1 else f"{layer.id}_{kind}"
            (folder / f"{name}.qml").write_text(qml(layer.style, kind, lang), "utf-8", newline="\n")
            styled = sld(layer.style, kind, name, layer.title.in_(lang), lang)
            (folder / f"{name}.sld").write_text(styled, "utf-8", newline="\n")


def _write_about(part: Part, root: Path, lang: Lang) -> None:
    """Metadata of one layer: ISO 19139 for catalogues of spatial data, DCAT-AP for those of open data."""
    folder = root / part.folder / "metadata"
    folder.mkdir(parents=True, exist_ok=True)
    file = part.geopackage(part.folder)
    (folder / f"{part.layer.id}.iso19139.xml").write_text(metadata(part.layer, lang, file), "utf-8", newline="\n")
    write(part.layer, folder / f"{part.layer.id}.dcat.jsonld", lang=lang)


def _write_method(built: Built, root: Path, lang: Lang) -> None:
    from atlas.package.method import method_pdf

    (root / METHOD[lang]).write_bytes(method_pdf(built, lang))


def _write_diagnosis(built: Built, root: Path, lang: Lang) -> None:
    """What a committee asks of the indices: a workbook, a sheet an index."""
    from atlas.diagnosis_tables import chapters
    from atlas.exports.diagnosis import write_diagnosis

    folder = root / "tables"
    folder.mkdir(exist_ok=True)
    write_diagnosis(
        built, chapters(built, lang), folder / {"pt": "diagnostico.xlsx", "en": "diagnostics.xlsx"}[lang], lang
    )


def _write_words(built: Built, parts: Iterable[Part], root: Path, spoken: Lang) -> None:
    """What is in the package (its files are ``spoken``), and who must be named, in both languages."""
    lacking = set() if (root / ODBL).is_dir() else {_README_ODBL}
    for lang in LANGUAGES:
        t = Translator(lang)
        name = built.atlas.atlas.name.in_(lang)
        lines = [t("package.title", atlas=name, version=built.atlas.atlas.data_version), ""]
        lines += [t(f"package.readme.{line}", method=METHOD[spoken]) for line in range(1, 10) if line not in lacking]
        file = {"pt": "LEIA-ME.txt", "en": "README.txt"}[lang]
        _write_lines(root / file, lines)
        said = [t("package.licences.intro"), ""]
        for part in parts:
            said += _licence_of(part.layer, t, lang)
        for source in (in_language(one, lang) for one in built.meta["sources"]):
            said.append(f"- {source['title']} · {source['publisher']} · {source['date']} · {source['licence']}")
        _write_lines(root / {"pt": "LICENCAS.txt", "en": "LICENCES.txt"}[lang], said)
        if (root / ODBL).is_dir():
            file = {"pt": "LICENCA.txt", "en": "LICENCE.txt"}[lang]
            _write_lines(root / ODBL / file, [t("package.licences.odbl")])


def _licence_of(layer: Exportable, t: Translator, lang: Lang) -> list[str]:
    """Title and attribution of a layer; where it is computed from OpenStreetMap, which of its columns are."""
    note = []
    if layer.open_database and layer.id != "places_osm":
        titles = [one["title"] for one in layer.sources if "odbl" in one.get("licence", "").lower()]
        columns = [one.name for one in layer.fields if any(title in one.source.pt for title in titles)]
        note = [t("package.licences.derived", columns=", ".join(columns) or "—")]
    return [f"{layer.id}: {layer.title.in_(lang)}", layer.attribution(lang), *note, ""]


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    """Text with a byte-order mark and line ends that every editor of an office shows right."""
    path.write_text("\n".join(lines) + "\n", "utf-8-sig", newline="\r\n")


def _write_manifest(built: Built, root: Path) -> None:
    """The SHA-256 of each file, once for programs and once for ``sha256sum --check``."""
    files = sorted(one for one in root.rglob("*") if one.is_file())
    held = []
    for file in files:
        data = file.read_bytes()
        name = file.relative_to(root).as_posix()
        held.append({"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    whole = {
        "atlas": built.atlas.atlas.id,
        "data_version": built.atlas.atlas.data_version,
        "hashes": built.meta["hashes"],
        "files": held,
    }
    (root / "manifest.json").write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", "utf-8", newline="\n")
    sums = "".join(f"{one['sha256']}  {one['path']}\n" for one in held)
    (root / "SHA256SUMS").write_text(sums, "utf-8", newline="\n")


def pack(root: Path, archive: Path, top: str) -> None:
    """Every file of ``root`` into a ZIP under the folder ``top``: sorted, with one date for all."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted(one for one in root.rglob("*") if one.is_file()):
            entry = zipfile.ZipInfo(f"{top}/{file.relative_to(root).as_posix()}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with file.open("rb") as source, made.open(entry, "w") as target:
                shutil.copyfileobj(source, target)


__all__ = ["FORMATS", "fill", "pack", "write_package"]
