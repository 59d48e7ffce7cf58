"""Writes what in the docs follows from the program: JSON Schemas for editors, and the table of every key.

python docs/make.py          (``make docs``; a test fails where the files differ from the models)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, StringConstraints

from atlas import config
from atlas.layers import layer_schema

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
)
LAYER_MODELS: tuple[tuple[str, type[BaseModel]], ...] = (("[layer]", config.LayerHead), ("[[class]]", config.ClassRule))


def made() -> dict[Path, str]:
    """File → its text."""
    atlas = {"$schema": "https://json-schema.org/draft/2020-12/schema", **config.Atlas.model_json_schema(by_alias=True)}
    return {
        HERE / "schema" / "atlas.schema.json": json.dumps(atlas, ensure_ascii=False, indent=1) + "\n",
        HERE / "schema" / "layer.schema.json": json.dumps(layer_schema(), ensure_ascii=False, indent=1) + "\n",
        HERE / "configuration.md": configuration(),
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
