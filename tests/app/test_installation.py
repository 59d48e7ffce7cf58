"""``app.toml``: what it may not hold is said in both languages, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas.app.underlay import installation
from atlas.errors import ConfigError

ADDRESS = "address = 'https://tiles.example.pt/{z}/{x}/{y}.png'\n"


@pytest.mark.parametrize(
    ("text", "pt", "en"),
    [
        ("[tiles]\naddress = 'tiles.example.pt'\ncredit = 'x'\n",
         "«tiles.address» tem «tiles.example.pt», que não serve: tem de ter a forma `^https?://",
         "“tiles.address” holds “tiles.example.pt”, which will not do: it must be of the form `^https?://"),
        (f"[tiles]\n{ADDRESS}credit = ''\n",
         "não pode ser tão curto (mínimo: 1)", "it must not be so short (least: 1)"),
        (f"[tiles]\n{ADDRESS}credit = 7\n", "«tiles.credit» tem 7, que não serve: tem de ser um texto entre aspas",
         "“tiles.credit” holds 7, which will not do: it must be a text in quotes"),
        (f"[tiles]\n{ADDRESS}credit = 'x'\nmax_zoom = 40\n", "tem de ser no máximo 22", "it must be at most 22"),
        (f"[tiles]\n{ADDRESS}credit = 'x'\nmax_zoom = 'alto'\n", "tem de ser um número inteiro",
         "it must be a whole number"),
        ("tiles = [1]\n", "«tiles» tem uma lista, que não serve: tem de ser uma tabela",
         "“tiles” holds a list, which will not do: it must be a table"),
    ],
)  # fmt: skip
def test_a_fault_is_said_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, pt: str, en: str
) -> None:
    path = tmp_path / "app.toml"
    path.write_text(text, "utf-8")
    monkeypatch.setenv("ATLAS_APP_CONFIG", str(path))
    with pytest.raises(ConfigError) as fault:
        installation()
    assert pt in fault.value.text("pt")
    assert en in fault.value.text("en")
    assert "should" not in fault.value.text("pt")
    assert str(path) in fault.value.text("pt")
