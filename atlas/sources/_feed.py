"""The files of a timetable (GTFS), read by name from a ZIP or a folder."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
from pandas import DataFrame

from atlas.errors import SourceError, refusal
from atlas.sources import number_of

MAX_UNPACKED_BYTES = 2 * 1024**3


class Feed:
    """The files of one feed, read by name from a ZIP or a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warnings: list[tuple[str, str]] = []
        self.archive: zipfile.ZipFile | None = None
        if path.is_dir():
            return
        try:
            self.archive = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise SourceError.absent(path) from None
        except (zipfile.BadZipFile, OSError, NotImplementedError):
            raise self.fault(
                "Não é um ZIP inteiro. Descarregue o horário (GTFS) outra vez.",
                "Not a whole ZIP. Download the timetable (GTFS) again.",
            ) from None
        if sum(entry.file_size for entry in self.archive.infolist()) > MAX_UNPACKED_BYTES:
            raise self.fault(
                "Descompactado passa os 2 GiB: não é lido. Corte o horário à sua região.",
                "Unpacked it exceeds 2 GiB and is not read. Cut the timetable to your region.",
            )

    def fault(self, pt: str, en: str, file: str = "") -> SourceError:
        """The error about a file of this feed."""
        return SourceError(pt, en, where=f"{self.path.name}/{file}" if file else self.path.name)

    def count(self, number: int, pt: str, en: str) -> None:
        """Note how often something was put right or left out; nothing where it was not."""
        self.warnings += number_of(number, pt, en)

    def content(self, name: str) -> bytes | None:
        """Bytes of a file, wherever in the ZIP it lies; None where there is none."""
        if self.archive is None:
            file = self.path / name
            return file.read_bytes() if file.is_file() else None
        entry = next((n for n in self.archive.namelist() if n == name or n.endswith(f"/{name}")), None)
        if entry is None:
            return None
        try:
            return self.archive.read(entry)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
            raise self.fault(
                "Está danificado dentro do ZIP. Descarregue o horário outra vez.",
                "It is damaged inside the ZIP. Download the timetable again.",
                name,
            ) from None

    def table(self, name: str, columns: dict[str, Any], *, optional: dict[str, Any] | None = None) -> DataFrame:
        """The named columns of a file that must be there."""
        found = self.table_or_none(name, columns, optional=optional)
        if found is None:
            raise self.fault(
                f"Falta {name}. Um horário GTFS tem stops.txt, trips.txt e stop_times.txt.",
                f"{name} is missing. A GTFS timetable has stops.txt, trips.txt and stop_times.txt.",
            )
        return found

    def table_or_none(
        self, name: str, columns: dict[str, Any], *, optional: dict[str, Any] | None = None
    ) -> DataFrame | None:
        """The named columns of a file; None where the feed does not have it."""
        data = self.content(name)
        if data is None:
            return None
        try:
            data.decode("utf-8")
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = "latin-1"
        first = data.partition(b"\n")[0].decode(encoding).lstrip("\ufeff")
        header = [word.strip() for word in next(csv.reader([first]), [])]
        lacking = [column for column in columns if column not in header]
        if lacking:
            raise self.fault(
                f"Falta a coluna «{lacking[0]}». Existem: {', '.join(header)}. Descarregue o horário outra vez.",
                f"The column “{lacking[0]}” is missing. There are: {', '.join(header)}. Download the timetable again.",
                name,
            )
        wanted = columns | (optional or {})
        try:
            table = pv.read_csv(
                io.BytesIO(data),
                read_options=pv.ReadOptions(column_names=header, skip_rows=1, encoding=encoding),
                parse_options=pv.ParseOptions(newlines_in_values=name != "stop_times.txt"),
                convert_options=pv.ConvertOptions(
                    column_types=wanted,
                    include_columns=list(wanted),
                    include_missing_columns=True,
                    strings_can_be_null=True,
                    null_values=[""],
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as cause:
            pt, en = refusal(cause)
            raise self.fault(
                f"Não se lê como tabela CSV ({pt}). Descarregue o horário outra vez.",
                f"Does not read as a CSV table ({en}). Download the timetable again.",
                name,
            ) from None
        return DataFrame(table.to_pandas())
