"""What a disk, a clock, a copy and a link can do to an atlas: one clear error, or a build that puts it right."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_region import two_places

from atlas import store as stores
from atlas.atlasfile import load_atlas
from atlas.built import open_built
from atlas.cli import main
from atlas.errors import ConfigError, SourceError
from atlas.store import Store

Out = pytest.CaptureFixture[str]
BUILD = ["build", "--draws", "50", "--quiet", "--lang", "en"]


def bytes_of(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.iterdir() if path.name != stores.LOG}


@pytest.fixture(scope="module")
def _tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven parishes and two places, built with 50 draws: what a disk does to an atlas it does to a small one."""
    folder = two_places(tmp_path_factory.mktemp("tiny") / "a")
    open_built(str(folder), draws=50)
    return folder


@pytest.fixture
def tiny(_tiny: Path, tmp_path: Path) -> Path:
    """A fresh copy of the atlas alone, in a folder with a blank and an accent in its path."""
    return shutil.copytree(_tiny, tmp_path / "Região do Porto", ignore=shutil.ignore_patterns(".atlas", ".atlas.*"))


@pytest.fixture
def store(_tiny: Path, tiny: Path) -> Path:
    """The copy's own store, built already."""
    return shutil.copytree(_tiny / ".atlas", tiny / ".atlas")


def as_anybody(*command: str) -> subprocess.CompletedProcess[str]:
    """A run to which permissions apply: root has the power to write anywhere taken away."""
    run = [sys.executable, "-m", "atlas.cli", *command]
    if os.name == "nt":
        pytest.skip("Windows keeps its permissions elsewhere")
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write anywhere, and setpriv is not here to prevent it")
        run = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", *run]
    return subprocess.run(run, capture_output=True, text=True, check=False)


def test_a_folder_that_may_only_be_read_is_said_and_a_store_elsewhere_serves(
    _tiny: Path, tiny: Path, tmp_path: Path
) -> None:
    elsewhere = shutil.copytree(_tiny / ".atlas", tmp_path / "outra loja")
    tiny.chmod(0o555)
    try:
        refused = as_anybody(*BUILD, str(tiny))
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"{tiny}/.atlas: Cannot write here (no permission).")
        assert as_anybody(*BUILD, str(tiny), "--store", str(elsewhere)).returncode == 0
    finally:
        tiny.chmod(0o755)


def test_a_store_that_may_only_be_read_serves_while_it_is_current(tiny: Path, store: Path) -> None:
    lock = store.with_name(".atlas.lock")
    lock.unlink(missing_ok=True)
    tiny.chmod(0o555)
    try:
        ranked = as_anybody("rank", str(tiny), "--format", "json")
        assert ranked.returncode == 0
        assert json.loads(ranked.stdout)["rows"][0]["rank"] == 1
    finally:
        tiny.chmod(0o755)


def full_disk() -> None:
    """No file of this process may pass 20 kB: the write fails as on a full disk, half way."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no limit on the size of a process's files")
def test_a_disk_that_fills_up_leaves_the_last_store_and_no_rest(tiny: Path, store: Path) -> None:
    kept = bytes_of(store)
    run = [sys.executable, "-m", "atlas.cli", *BUILD, "--force", str(tiny)]
    done = subprocess.run(run, capture_output=True, text=True, preexec_fn=full_disk, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{store}: The build could not be stored")
    assert "the last one stands" in done.stderr
    assert "Traceback" not in done.stderr
    assert bytes_of(store) == kept
    assert not [path for path in tiny.iterdir() if path.name.startswith("..atlas-")]


@pytest.mark.parametrize("schema", [0, stores.SCHEMA + 1])
def test_a_store_of_an_older_or_a_newer_program_is_built_anew(
    tiny: Path, store: Path, capsys: Out, schema: int
) -> None:
    kept = bytes_of(store)
    manifest = json.loads((store / stores.MANIFEST).read_text("utf-8"))
    (store / stores.MANIFEST).write_text(json.dumps({**manifest, "schema": schema, "hashes": {"x": 1}}), "utf-8")
    (store / "scores.parquet").write_bytes(b"another program's")
    assert main([*BUILD, str(tiny)]) == 0
    assert bytes_of(store) == kept
    assert capsys.readouterr().err == ""


def test_a_store_that_was_copied_in_part_is_built_anew(tiny: Path, store: Path) -> None:
    kept = bytes_of(store)
    for name in ("scores.parquet", "network.parquet"):
        (store / name).unlink()
    assert main([*BUILD, str(tiny)]) == 0
    assert bytes_of(store) == kept


def test_a_table_that_was_copied_in_half_is_named_with_the_remedy(tiny: Path, store: Path, capsys: Out) -> None:
    kept = bytes_of(store)
    half = store / "scores.parquet"
    half.write_bytes(half.read_bytes()[:-200])
    assert main(["rank", str(tiny), "--lang", "en"]) == 1
    assert capsys.readouterr().err.strip() == (
        f"{half}: The table “scores” is missing or damaged. Run `atlas build --force`."
    )
    assert main([*BUILD, "--force", str(tiny)]) == 0
    assert bytes_of(store) == kept


def test_a_clock_that_was_set_back_hides_no_change(tiny: Path, store: Path) -> None:
    """Files of a store from next year, an input that was changed ten years ago: contents count, not days."""
    before = Store(store).manifest["hashes"]
    ahead, back = time.time() + 365 * 86_400, time.time() - 3650 * 86_400
    for path in store.iterdir():
        os.utime(path, (ahead, ahead))
    assert main([*BUILD, str(tiny)]) == 0
    assert (store / "scores.parquet").stat().st_mtime == pytest.approx(ahead), "nothing had changed"
    table = tiny / "osm.csv"
    table.write_text("".join(table.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    os.utime(table, (back, back))
    assert main([*BUILD, str(tiny)]) == 0
    assert Store(store).manifest["hashes"] != before
    assert (store / "scores.parquet").stat().st_mtime < ahead


def links() -> list[tuple[str, str]]:
    return [("archaeology.csv", ""), ("neighbourhoods.parquet", ""), ("layers/own.toml", "layers")]


@pytest.mark.parametrize(("file", "folder"), links())
def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(
    small_atlas: Path, tmp_path: Path, file: str, folder: str
) -> None:
    (small_atlas / folder).mkdir(exist_ok=True)
    own = small_atlas / file
    if folder:
        own.write_text(
            '[layer]\nname = {pt = "R", en = "R"}\ndomain = "none"\norder = 99\nrole = "context"\n'
            '[[class]]\nid = "road"\nname = {pt = "Rua", en = "Road"}\nosm = ["highway=residential"]\n',
            "utf-8",
        )
    inside = small_atlas / "outro nome"
    own.rename(inside)
    own.symlink_to(inside)
    load_atlas(small_atlas)
    outside = tmp_path / "lá fora"
    inside.rename(outside)
    own.unlink()
    own.symlink_to(outside)
    with pytest.raises(ConfigError) as fault:
        load_atlas(small_atlas)
    assert fault.value.text("pt").startswith(f"{own}: É uma ligação para fora da pasta do atlas ({outside}).")
    assert "Copy the file into the folder" in fault.value.en


def test_an_atlas_and_a_store_behind_a_link_stay_behind_it(tiny: Path, tmp_path: Path) -> None:
    """Somebody keeps both on another disk."""
    disk = tmp_path / "disco grande"
    disk.mkdir()
    (tiny / ".atlas").symlink_to(disk / "loja")
    linked = tmp_path / "atalho"
    linked.symlink_to(tiny)
    for more in ([], ["--force"]):
        assert main([*BUILD, *more, str(linked)]) == 0
        assert (tiny / ".atlas").is_symlink()
        assert Store(disk / "loja").manifest["atlas"] == "ensaio"
    assert sorted(path.name for path in disk.iterdir() if not path.name.endswith(".lock")) == ["loja"]


def test_a_link_that_leads_nowhere_is_a_file_that_is_not_there(tiny: Path) -> None:
    own = tiny / "osm.csv"
    own.unlink()
    own.symlink_to(tiny / "nada.csv")
    with pytest.raises(SourceError, match="não existe"):
        open_built(str(tiny), draws=20)


def spoil(before: str, after: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert before in text
        return text.replace(before, after, 1)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (spoil("goalposts = [0.0, 2.4]", "goalposts = [2.4, 0.0]"), "goalposts: the first must be the lower one"),
        (spoil("goalposts = [0.0, 2.4]", "goalposts = [nan, 2.4]"), "“indicator.1.goalposts.1” holds nan"),
        (spoil('unit = { pt = "sítios/km²", en = "sites/km²" }\n', ""), "The key “indicator.1.unit” is missing"),
        (spoil("weight = 12", "weight = 0"), "“index.1.pillar.1.weight” holds 0"),
        (spoil("weight = 12", "weight = inf"), "“index.1.pillar.1.weight” holds inf"),
        (spoil('code = "heritage_5km"', 'code = "heritage_km2"'), "“heritage_km2” stands twice in “indicator”"),
        (lambda _: "", "The key “atlas” is missing. Add it."),
        (
            spoil("galleries_5km = ", "gallery_5km = "),
            "“gallery_5km” is not defined (“galleries_5km”?). Mend the name, or define it in `[[indicator]]`.",
        ),
    ],
    ids=["order", "nan", "unit", "zero", "infinite", "twice", "empty", "unknown"],
)
def test_a_configuration_that_cannot_hold_is_named_by_its_line(
    small_atlas: Path, capsys: Out, change: Callable[[str], str], said: str
) -> None:
    path = small_atlas / "atlas.toml"
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    assert main(["check", str(small_atlas), "--lang", "en"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(str(path))
    assert said in error


def test_what_tells_no_unit_from_another_and_what_nobody_uses_are_warnings(small_atlas: Path, capsys: Out) -> None:
    table = small_atlas / "census_parishes.csv"
    head, *rows = table.read_text("utf-8").splitlines()
    flat = [row.split(",")[0] + ",100" * head.count(",") for row in rows]
    table.write_text("\n".join([head, *flat]) + "\n", "utf-8")
    (small_atlas / "layers").mkdir()
    (small_atlas / "layers/own.toml").write_text(
        '[layer]\nname = {pt = "R", en = "R"}\ndomain = "none"\norder = 99\nrole = "context"\n'
        '[[class]]\nid = "road"\nname = {pt = "Rua", en = "Road"}\nosm = ["highway=residential"]\n',
        "utf-8",
    )
    for _ in range(2):  # the second time nothing is built
        assert main(["build", "--draws", "20", "--lang", "en", str(small_atlas)]) == 0
        said = capsys.readouterr().out
        (spread,) = [line for line in said.splitlines() if "with one value in all units" in line]
        assert "ageing" in spread
        assert "ageing_65" in Store(small_atlas / ".atlas").manifest["without_spread"]
        assert "heritage_km2" not in spread
        assert said.count("layers that no indicator uses: own;") == 1
