"""The field check: what is doubtful goes out as a form for a phone or on paper, and comes back as decisions.

``doubtful`` finds the places and says why; ``form`` and ``printed`` write them; ``answers`` reads and checks what came
back; ``decisions`` lays it beside the decisions that are there.
"""

from __future__ import annotations

from pathlib import Path

from atlas.built import Built
from atlas.errors import UnknownName
from atlas.language import Lang

SUFFIXES = (".gpkg", ".pdf")


def write_fieldcheck(built: Built, code: str, path: Path, *, lang: Lang = "pt", force: bool = False) -> int:
    """Write the form (``.gpkg``) or the printed list (``.pdf``) of an area; returns how many places it asks about.

    Raises :class:`UnknownName` for a code or a suffix that is not there and :class:`OutputError` where the file exists
    (unless ``force``) or cannot be written.
    """
    from atlas.exports import refuse_existing, working_folder
    from atlas.fieldcheck.form import form_of, write_form
    from atlas.fieldcheck.printed import printed

    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise UnknownName.among(path.suffix or path.name, SUFFIXES, pt="Formato", en="Format", where=str(path))
    refuse_existing(path, force=force)
    form = form_of(built, code, lang)
    with working_folder(path) as folder:
        beside = folder / path.name
        if path.suffix.lower() == ".pdf":
            beside.write_bytes(printed(built, form, lang))
        else:
            write_form(built, form, beside, lang)
        beside.replace(path)
    return len(form.places)
