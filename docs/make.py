"""Writes what in the docs follows from the program: JSON Schemas, the keys, the kinds of sources.

python docs/make.py          (``make docs``; a test fails where the files differ from the models)
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, StringConstraints

from atlas import config
from atlas.layers import layer_schema
from atlas.sources import kinds

HERE = Path(__file__).parent
MODELS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[atlas]", config.AtlasHead),
    ("[neighbourhoods]", config.Neighbourhoods),
    ("[walking]", config.Walking),
    ("[[source]]", config.Source),
    ("[[indicator]]", config.Indicator),
    ("[[index]]", config.Index),
    ("[[index.pillar]]", config.Pillar),
    ("[[preset]]", config.Preset),
    ("[opportunity]", config.Opportunity),
    ("[tiles]", config.Tiles),
)
LAYER_MODELS: tuple[tuple[str, type[BaseModel]], ...] = (("[layer]", config.LayerHead), ("[[class]]", config.ClassRule))


def made() -> dict[Path, str]:
    """File → its text."""
    atlas = {"$schema": "https://json-schema.org/draft/2020-12/schema", **config.Atlas.model_json_schema(by_alias=True)}
    return {
        HERE / "schema" / "atlas.schema.json": json.dumps(atlas, ensure_ascii=False, indent=1) + "\n",
        HERE / "schema" / "layer.schema.json": json.dumps(layer_schema(), ensure_ascii=False, indent=1) + "\n",
        HERE / "configuration.md": configuration(),
        HERE / "sources.md": source_kinds(),
    }


def configuration() -> str:
    """The page of all keys."""
    parts = [
        "# Configuration",
        "",
        "Made by `make docs` from the models in `atlas/config.py`; editors can check against the schemas in",
        "[schema/](schema/). `data/norte/atlas.toml` is the commented example.",
        "",
        "## `atlas.toml`",
    ]
    parts += [line for head, model in MODELS for line in _table(head, model)]
    parts += ["", "## `layers/ID.toml`"]
    parts += [line for head, model in LAYER_MODELS for line in _table(head, model)]
    return "\n".join(parts) + "\n"


def source_kinds() -> str:
    """The page of all kinds of sources, from what their modules say of themselves."""
    parts = [
        "# Kinds of sources",
        "",
        "Made by `make docs` from the modules in `atlas/sources/`: what `kind` of a `[[source]]` may be, and what its",
        "`read` takes. A key that a kind does not know is an error. Two keys of `read` are of every kind that holds",
        "places: `identifier` (the key of the id that several sources share, `wikidata` …) and `official` (its",
        "outlines are legal limits); those of zones are in [legal.md](legal.md).",
    ]
    for kind in kinds():
        said = (import_module(f"atlas.sources.{kind}").__doc__ or "").strip()
        parts += ["", f"## `{kind}`", "", *_markdown(said.splitlines())]
    return "\n".join(parts) + "\n"


def _markdown(lines: list[str]) -> list[str]:
    """A module's text in Markdown: code in one backtick, roles as their last name, tables with bars."""
    found: list[str] = []
    inside = False
    for line in lines:
        text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", line.replace("``", "`"))
        if re.fullmatch(r"=+ +=+", line):
            found += [] if inside else ["| key | meaning |", "|---|---|"]
            inside = not inside
        elif inside and line.startswith(" "):
            found[-1] = f"{found[-1][:-2]} {text.strip()} |"
        elif inside:
            key, _, meaning = re.sub(r" {2,}", "\t", text, count=1).partition("\t")
            found.append(f"| {key} | {meaning} |")
        else:
            found.append(text)
    return found


def _table(head: str, model: type[BaseModel]) -> list[str]:
    said = (model.__doc__ or "").strip().splitlines()[0]
    rows = ["", f"### `{head}`", "", said, "", "| key | value | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{field.alias or name}` | {_type(field.annotation)} | {default} | {meaning} |")
    return rows


def _type(annotation: Any) -> str:
    if annotation is config.Text:
        return "text in pt and en"
    if isinstance(annotation, StringConstraints):
        return ""
    inner = get_args(annotation)
    if not inner:
        return getattr(annotation, "__name__", str(annotation))
    words = [_type(one) if not isinstance(one, str) else f"`{one}`" for one in inner if one not in (type(None), ...)]
    return " or ".join(dict.fromkeys(word for word in words if word))


def main() -> None:
    """Write the files that differ."""
    for path, text in made().items():
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
