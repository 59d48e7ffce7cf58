"""CSV as Excel in Portugal opens it (``;``, decimal comma, byte-order mark), and a twin for machines beside it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas.config import Text
from atlas.exports import Format
from atlas.exports.spreadsheet_safety import inert

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable, Field


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write both files: in the one for Excel no text begins like a formula, in the twin texts are as they are."""
    columns = [(one, layer.values(one.name)) for one in layer.fields]
    header = [one.name for one in layer.fields]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        excel = csv.writer(file, delimiter=";", lineterminator="\r\n")
        excel.writerow(header)
        excel.writerows(
            zip(*([_for_excel(value, one, lang) for value in values] for one, values in columns), strict=True)
        )
    with path.with_name("layer.machine.csv").open("w", encoding="utf-8", newline="") as file:
        machine = csv.writer(file, lineterminator="\n")
        machine.writerow(header)
        machine.writerows(
            zip(*([_for_machines(value, one) for value in values] for one, values in columns), strict=True)
        )


def _for_machines(value: Any, one: Field) -> str:
    """Decimal point, empty where there is nothing."""
    if value is None:
        return ""
    if one.type == "number":
        return f"{value:.{one.decimals}f}"
    if one.type == "integer":
        return str(int(value))
    if one.type == "boolean":
        return "true" if value else "false"
    return str(value)


def _for_excel(value: Any, one: Field, lang: str) -> str:
    """Decimal comma; text kept from being a formula."""
    text = _for_machines(value, one)
    if one.type == "number":
        return text.replace(".", ",")
    if one.type == "boolean" and text:
        return {"pt": ("não", "sim"), "en": ("no", "yes")}["en" if lang == "en" else "pt"][bool(value)]
    return inert(text) if one.type == "text" else text


FORMAT = Format(
    suffix=".csv",
    media_type="text/csv",
    label=Text(pt="CSV para Excel", en="CSV for Excel"),
    write=write,
    spatial=False,
    limits=Text(
        pt="Sem contornos. Separador «;», vírgula decimal, UTF-8 com BOM; texto que começaria como fórmula leva um "
        "apóstrofo. Ao abrir por duplo clique, o Excel tira os zeros à esquerda dos códigos: importe-os como texto ou "
        "use .xlsx. O ficheiro NOME.machine.csv (vírgula, ponto decimal) tem os textos tal como estão nos dados e não "
        "se abre numa folha de cálculo.",
        en="No outlines. Separator “;”, decimal comma, UTF-8 with BOM; text that would begin like a formula takes an "
        "apostrophe. On a double click Excel drops the leading zeros of codes: import them as text or use .xlsx. "
        "NAME.machine.csv (comma, decimal point) holds texts exactly as the data have them and is not meant for a "
        "spreadsheet.",
    ),
)
