"""Names that break files and screens, and codes that break tables."""

from __future__ import annotations

MARK = "atlasHostile"
"""A script that ran would set ``window.atlasHostile``."""
HOSTILE = (
    f'<img src=x onerror="window.{MARK}=1">',
    f"${{window.{MARK}=1}} `${{alert(1)}}` {{{{ 7*7 }}}} {{% x %}}",
    f"</script><script>window.{MARK}=1</script>",
    '=HYPERLINK("http://example.invalid/","clique")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3; \"aspas\" e 'plicas'\ne outra linha",
    "\u202eotroP od arierbiR",
    "União das Freguesias de São João & Çedofeita ]]> %%d \\P {{ 7*7 }} {% raw %}",
    "x" * 100_000,
    "'=1+1",
)
CODES = ("010402", "0302FA", "030801", "131217", "1308E5")
