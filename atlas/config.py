"""``atlas.toml`` and ``layers/*.toml`` as frozen, validated models: the only source of keys and defaults."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from atlas.config_faults import said

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Direction = Literal["more", "less"]
Level = Literal["neighbourhood", "municipality"]
Domain = Literal["A", "B", "C", "D", "E", "F", "G", "H", "T", "none"]
Actor = Literal[
    "company", "cultural_institution", "art_space", "artist", "university",
    "science_park", "research_centre", "municipality", "media",
]  # fmt: skip


class Model(BaseModel):
    """A frozen model that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Named = TypeVar("Named", "Index", "Source")


class Text(Model):
    """A text in both languages."""

    pt: str
    en: str

    def in_(self, lang: str) -> str:
        """The text in ``pt`` or ``en``."""
        return self.en if lang == "en" else self.pt


class ClassRule(Model):
    """One class of a layer, and what fills it."""

    id: Id
    name: Text
    one: Text | None = Field(None, description="what a single one is called after a number, if the name will not do")
    several: Text | None = Field(None, description="and several: “2 art galleries”")
    osm: tuple[str, ...] = Field(
        (),
        description="OSM tags, any of: `key=value`, `key=one|other`, `key=*` (anything but `no`), `key~regular "
        "expression`; joined by ` + ` where all must hold",
    )
    unless: tuple[str, ...] = Field((), description="OSM tags, any of which takes the class away, written as in `osm`")
    kind: tuple[str, ...] = Field((), description="plain words of a source's kind column")
    kind_label: dict[str, tuple[str, ...]] = Field(
        {}, description="words of a kind column that say too little, each with regular expressions on the name"
    )
    wikidata: tuple[Annotated[str, StringConstraints(pattern=r"^Q[1-9][0-9]*$")], ...] = Field(
        (), description="Wikidata classes, where a source's kind column holds them"
    )
    label: tuple[str, ...] = Field(
        (), description="regular expressions on the name, asked only of records marked `class_guessed`"
    )
    register_codes: dict[str, tuple[str, ...]] = Field(
        {}, description="codes of registers or their beginnings: `cae3`, `cae4` …", alias="register"
    )
    actor: Actor | None = Field(None, description="which of the nine kinds of actors stands behind it")
    domain: Domain | None = Field(None, description="UNESCO FCS 2009 domain, where it is not the layer's")
    weight: float = Field(1.0, gt=0, description="how much one place of the class counts where counts are weighted")
    counts: bool = Field(True, description="false: shown beside the others, in no count unless an indicator names it")
    fallback: bool = Field(False, description="only where no other class fits")
    order: int | None = Field(None, description="where the class stands among all classes, if not where its layer does")
    rooms: Literal["apart", "together"] = Field(
        "apart", description="`together`: nameless records of this class at one spot are rooms of one place"
    )
    namesakes: Literal["one", "several"] = Field(
        "one",
        description="`several`: two records of one source side by side under one name are two (stops, vacant shops)",
    )


class LayerHead(Model):
    """What a layer is, apart from its classes."""

    name: Text
    domain: Domain = Field(
        description="UNESCO FCS 2009: A heritage, B performance, C visual arts and crafts, D books and press, E "
        "audio-visual, F design; related: G tourism, H sports and recreation; T transversal (education); none"
    )
    symbol: Literal["circle", "square", "triangle", "diamond", "cross", "star"] = "circle"
    order: int = Field(description="the lower one gives a place its primary class")
    role: Literal["venue", "heritage", "everyday", "stock", "transport", "pressure", "context"]
    about: Text | None = None
    load: Text | None = Field(None, description="what to load where an atlas has no source for it")


class Layer(Model):
    """A themed set of places: ``layers/ID.toml``."""

    id: Id
    layer: LayerHead
    class_: tuple[ClassRule, ...] = Field((), alias="class")


def in_order(layers: Iterable[Layer]) -> dict[str, tuple[Layer, ClassRule]]:
    """Class id → its layer and rule; the lower order first, then as the file has them."""
    pairs = [(layer, rule) for layer in sorted(layers, key=lambda one: one.layer.order) for rule in layer.class_]
    pairs.sort(key=lambda pair: pair[0].layer.order if pair[1].order is None else pair[1].order)
    return {rule.id: (layer, rule) for layer, rule in pairs}


class _Titled:
    """What is named and licensed, in Portuguese or as its publisher does, and in English where it needs to be."""

    if TYPE_CHECKING:  # the fields stand where a reader of the configuration looks for them
        title: str
        title_en: str
        licence: str
        licence_en: str

    def title_in(self, lang: str) -> str:
        """The title in ``pt`` or ``en``; one without a translation as it stands."""
        return (lang == "en" and self.title_en) or self.title

    def licence_in(self, lang: str) -> str:
        """The licence in ``pt`` or ``en``; one without a translation as it stands."""
        return (lang == "en" and self.licence_en) or self.licence


class Source(_Titled, Model):
    """One input: what it is, who answers for it, and how its file is read."""

    id: Id
    kind: Id = Field(description="a module of `atlas/sources/`")
    file: str
    title: str
    publisher: str
    licence: str
    date: str
    address: str = ""
    note: Text | None = None
    covers: float = Field(1.0, ge=0, le=1, description="share of the neighbourhoods that the source claims to cover")
    layers: tuple[Id, ...] = Field((), description="the layers it may fill; all where none is named")
    title_en: str = Field("", description="its title in English, where it has one or needs one")
    licence_en: str = Field("", description="its licence in English, where its name is Portuguese")
    fuse: bool = Field(True, description="false: every record is a place of its own (stops, short lets)")
    ends_at_region: bool = Field(False, description="its records stop at the region's border: reach near it is cut")
    fetched: bool = Field(
        False,
        description="only there after `atlas fetch`: until then the source is left out, and what rests on it alone",
    )
    replaces: tuple[Id, ...] = Field((), description="sources that it stands in for once it is there")
    read: dict[str, Any] = Field({}, description="what the source's kind needs to know to read the file")

    @property
    def of_openstreetmap(self) -> bool:
        """Whether its records are OpenStreetMap's, by their form or their licence, which what is made of them has too.

        >>> about = {"id": "a", "kind": "table", "file": "a", "title": "a", "publisher": "a", "date": "2026"}
        >>> [Source(licence=one, **about).of_openstreetmap for one in ("ODbL 1.0", "Open Database License", "CC0")]
        [True, True, False]
        """
        said = self.licence.casefold()
        return self.kind in {"pbf", "overpass"} or "odbl" in said or "open database" in said


class Fetch(_Titled, Model):
    """One thing that ``atlas fetch`` can bring: from where, on what terms, and the file that it becomes."""

    id: Id
    kind: Id = Field(description="a module of `atlas/fetch/`")
    address: str = Field(description="`https://…`; `{code}` stands for the code of each parent, where the kind asks so")
    hosts: tuple[str, ...] = Field((), description="further hosts that the address may lead to")
    title: str
    publisher: str
    licence: str
    writes: str = Field(description="the file, as sources name it in `file`")
    default: bool = Field(True, description="false: only when it is named")
    title_en: str = Field("", description="its title in English, where it has one or needs one")
    licence_en: str = Field("", description="its licence in English, where its name is Portuguese")
    most_mb: float = Field(1000.0, gt=0, description="largest download")
    ask: dict[str, Any] = Field({}, description="what the kind needs to know to ask for it")
    note: Text | None = None


class Indicator(Model):
    """One figure per unit: what it measures, from what, and on which scale it is read."""

    code: Id
    name: Text
    unit: Text = Field(description="as it follows a number, in the plural where it is a word: `galerias`, `km`, `%`")
    unit_one: Text | None = Field(None, description="the same after the number 1: `galeria`; none where it is a symbol")
    direction: Direction = "more"
    level: Level = "neighbourhood"
    measure: Id = Field(description="a measure of `atlas/indicators/`")
    sources: tuple[Id, ...] = ()
    layers: tuple[Id, ...] = ()
    with_: dict[str, Any] = Field({}, alias="with", description="the measure's options")
    log: bool = Field(False, description="normalise log(1 + x), as counts and densities want")
    goalposts: tuple[float, float] | None = Field(None, description="fixed reference points, in the figure's unit")
    reference: Literal["residents", "units"] = Field(
        "residents", description="what a reference point is a percentile of, when goalposts are estimated anew"
    )
    decimals: int = 1
    base: str | None = Field(None, description="column of the denominator, for the small-base rule")
    base_least: float = 0.0
    about: Text
    note: Text | None = None

    @model_validator(mode="after")
    def _goalposts_in_order(self) -> Indicator:
        if self.goalposts and self.goalposts[0] >= self.goalposts[1]:
            raise said(
                "goalposts: o primeiro tem de ser o menor; `direction` diz que extremo é bom",
                "goalposts: the first must be the lower one; `direction` says which end is good",
            )
        return self


class Pillar(Model):
    """A named, weighted mean of indicators."""

    id: Id
    name: Text
    weight: float = Field(gt=0)
    group: Text | None = None
    indicators: dict[Id, float] = {}
    reason: Text
    missing: Text | None = Field(None, description="where the atlas has no source for it: what to load")
    against: dict[Id, Text] = Field(
        {}, description="why an indicator may move against this pillar, or the pillar (its id) against its index"
    )


class Opinion(Model):
    """What one person thinks that the pillars of an index should weigh."""

    judge: str
    date: str
    weights: dict[Id, float]
    ratio: float | None = None  # consistency of comparisons by pairs (AHP)


class Index(Model):
    """A tree over indicators: pillars with weights, a missing-value rule and a coverage floor."""

    id: Id
    name: Text
    about: Text
    level: Level = "neighbourhood"
    aggregation: Literal["arithmetic", "geometric", "harmonic"] = "arithmetic"
    present: float = Field(0.5, ge=0, le=1, description="least share of a parent's weight that must be present")
    coverage_floor: float = Field(0.6, ge=0, le=1)
    judged: str = Field(description="the day the weights were set")
    cuts: tuple[float, float] | None = Field(
        None, description="low|middle and middle|high, for the opportunity's cells"
    )
    pillar: tuple[Pillar, ...]
    judges: str | None = Field(
        None, description="CSV of what several people think: their mean is the weight, their spread enters the draws"
    )
    opinions: tuple[Opinion, ...] = Field((), exclude=True)


class Preset(Model):
    """A named set of pillar weights for the potential."""

    id: Id
    name: Text
    weights: dict[Id, float]


class Neighbourhoods(Model):
    """Where the units come from and what they are called."""

    file: str
    parents: str
    source: Id
    unit: Text
    units: Text
    parent_unit: Text
    within_source: Id | None = Field(None, description="source of residents by point, for reach weighted by residents")
    residents_error: float = Field(
        0.0, ge=0, description="relative standard error of residents that are estimated (`residents_method` = `voters`)"
    )


class AtlasHead(Model):
    """The atlas itself."""

    id: Id
    name: Text
    crs: str
    margin_m: float = Field(0.0, ge=0, description="records this far outside the region still count for reach")
    data_version: str
    law: Literal["pt", "none"] = Field("pt", description="whose heritage law is read: Portugal's, or of nowhere")
    seed: int = Field(2026, ge=0)
    draws: int = Field(2000, ge=0)
    detour: float = Field(1.3, ge=1, description="walking distance over straight distance where no network is given")


class Walking(Model):
    """How reach on foot is measured: along a street network, with slope where relief is given, else by the detour."""

    network: Id | None = Field(None, description="source of kind `network`")
    relief: Id | None = Field(None, description="source of kind `raster`")
    limit_m: float = Field(1200.0, gt=0, description="the farthest reach that any indicator asks for")
    snap_m: float = Field(250.0, gt=0, description="farther from the network than this is unreachable, not far")


class Opportunity(Model):
    """Which two indices the opportunity reads."""

    potential: Id = "potential"
    decline: Id = "decline"


class Tiles(Model):
    """A tile server below the app's map, which then asks it for pictures; without, no request leaves the machine."""

    address: str = Field(
        pattern=r"^https?://[^\s\"'<>\\]*\{z\}[^\s\"'<>\\]*$",
        description="with `{z}`, `{x}` and `{y}` where zoom, column and row go",
    )
    credit: str = Field(description="what its terms ask to be named, as plain text", min_length=1)
    max_zoom: int = Field(18, ge=1, le=22, description="the last zoom that it has pictures for")


class Atlas(Model):
    """``atlas.toml``: everything that makes the figures, with the reason for each choice."""

    atlas: AtlasHead
    neighbourhoods: Neighbourhoods
    source: tuple[Source, ...]
    indicator: tuple[Indicator, ...]
    index: tuple[Index, ...]
    preset: tuple[Preset, ...] = ()
    fetch: tuple[Fetch, ...] = ()
    walking: Walking = Walking.model_validate({})
    opportunity: Opportunity = Opportunity()
    tiles: Tiles | None = None
    folder: Path = Field(Path(), exclude=True)
    layers: tuple[Layer, ...] = Field((), exclude=True)

    def index_of(self, index_id: str) -> Index:
        """The index with this id; ``KeyError`` where there is none."""
        return _named(self.index, index_id)

    @property
    def decline(self) -> Index | None:
        """The index that the opportunity reads as need; an atlas of places alone has none."""
        return next((one for one in self.index if one.id == self.opportunity.decline), None)

    def indicator_of(self, code: str) -> Indicator:
        """The indicator with this code; ``KeyError`` where there is none."""
        found = next((one for one in self.indicator if one.code == code), None)
        if found is None:
            raise KeyError(code)
        return found

    def source_of(self, source_id: str) -> Source:
        """The source with this id; ``KeyError`` where there is none."""
        return _named(self.source, source_id)

    @cached_property
    def classes(self) -> dict[str, tuple[Layer, ClassRule]]:
        """Class id → its layer and rule, in the order that makes the first class of a place its primary one."""
        return in_order(self.layers)


def _named(items: tuple[Named, ...], wanted: str) -> Named:
    found = next((item for item in items if item.id == wanted), None)
    if found is None:
        raise KeyError(wanted)
    return found
