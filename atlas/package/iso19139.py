"""ISO 19115 metadata of a layer, written as ISO 19139 XML with what INSPIRE asks of a data set."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from atlas.exports.geometry import crs_address, in_wgs84
from atlas.language import Translator

if TYPE_CHECKING:
    from atlas.exports.exportable import Exportable

GMD, GCO, GML = "http://www.isotc211.org/2005/gmd", "http://www.isotc211.org/2005/gco", "http://www.opengis.net/gml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_CODES = (
    "http://standards.iso.org/ittf/PubliclyAvailableStandards/ISO_19139_Schemas/resources/codelist/gmxCodelists.xml"
)
_LANGUAGES = {"pt": "por", "en": "eng"}
_IDS = uuid.UUID("3e3ce0f5-9a3c-5d2b-8f0c-2c1b7c64b7b0")
_THEMES = {"places": ("Serviços de utilidade pública e do Estado", "Utility and governmental services")}
_UNITS = ("Unidades estatísticas", "Statistical units")
_TOPICS = {"places": "structure"}


def metadata(layer: Exportable, lang: str, file: str) -> str:
    """One metadata record of a layer that stands in the GeoPackage ``file``."""
    for prefix, space in (("gmd", GMD), ("gco", GCO), ("gml", GML), ("xsi", XSI)):
        ET.register_namespace(prefix, space)
    t = Translator("en" if lang == "en" else "pt")
    root = ET.Element(f"{{{GMD}}}MD_Metadata")
    root.set(f"{{{XSI}}}schemaLocation", f"{GMD} http://schemas.opengis.net/iso/19139/20060504/gmd/gmd.xsd")
    _text(root, "fileIdentifier", str(uuid.uuid5(_IDS, f"{layer.atlas}:{layer.id}")))
    _code(_in(root, "language"), "LanguageCode", _LANGUAGES[lang])
    _code(_in(root, "characterSet"), "MD_CharacterSetCode", "utf8")
    _code(_in(root, "hierarchyLevel"), "MD_ScopeCode", "dataset")
    _party(_in(root, "contact"), _responsible(t), "pointOfContact")
    _leaf(_in(root, "dateStamp"), "Date", layer.day.isoformat())
    _text(root, "metadataStandardName", "ISO 19115:2003/19139")
    _text(root, "metadataStandardVersion", "1.0")
    _reference(root, layer)
    _identification(root, layer, lang, t)
    _distribution(root, file)
    _quality(root, layer, t)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _in(parent: ET.Element, *tags: str) -> ET.Element:
    """Elements one in another; the innermost."""
    for tag in tags:
        parent = ET.SubElement(parent, f"{{{GMD}}}{tag}")
    return parent


def _leaf(parent: ET.Element, kind: str, value: str) -> None:
    ET.SubElement(parent, f"{{{GCO}}}{kind}").text = value


def _text(parent: ET.Element, tag: str, value: str) -> None:
    _leaf(_in(parent, tag), "CharacterString", value)


def _code(parent: ET.Element, tag: str, value: str) -> None:
    ET.SubElement(parent, f"{{{GMD}}}{tag}", codeList=f"{_CODES}#{tag}", codeListValue=value).text = value


def _responsible(t: Translator) -> str:
    return t("package.responsible")


def _party(parent: ET.Element, organisation: str, role: str) -> None:
    party = _in(parent, "CI_ResponsibleParty")
    _text(party, "organisationName", organisation)
    _code(_in(party, "role"), "CI_RoleCode", role)


def _dated(parent: ET.Element, title: str, day: str, kind: str) -> ET.Element:
    """A citation with a title and a date."""
    citation = _in(parent, "CI_Citation")
    _text(citation, "title", title)
    date = _in(citation, "date", "CI_Date")
    _leaf(_in(date, "date"), "Date", day)
    _code(_in(date, "dateType"), "CI_DateTypeCode", kind)
    return citation


def _reference(root: ET.Element, layer: Exportable) -> None:
    address = crs_address(layer.frame.crs)
    if not address:
        return
    identifier = _in(root, "referenceSystemInfo", "MD_ReferenceSystem", "referenceSystemIdentifier", "RS_Identifier")
    _text(identifier, "code", address)


def _identification(root: ET.Element, layer: Exportable, lang: str, t: Translator) -> None:
    held = _in(root, "identificationInfo", "MD_DataIdentification")
    citation = _dated(_in(held, "citation"), layer.title.in_(lang), layer.day.isoformat(), "revision")
    _text(_in(citation, "identifier", "MD_Identifier"), "code", f"urn:atlas:{layer.atlas}:{layer.id}")
    _text(held, "abstract", layer.description.in_(lang) or layer.title.in_(lang))
    _party(_in(held, "pointOfContact"), _responsible(t), "pointOfContact")
    _keywords(held, layer, lang, t)
    _constraints(held, layer, t)
    _code(_in(held, "spatialRepresentationType"), "MD_SpatialRepresentationTypeCode", "vector")
    _code(_in(held, "language"), "LanguageCode", _LANGUAGES[lang])
    _code(_in(held, "characterSet"), "MD_CharacterSetCode", "utf8")
    _in(held, "topicCategory", "MD_TopicCategoryCode").text = _TOPICS.get(layer.id.split("_")[0], "society")
    _, box = in_wgs84(layer.frame)
    if box:
        place = _in(held, "extent", "EX_Extent", "geographicElement", "EX_GeographicBoundingBox")
        names = ("westBoundLongitude", "eastBoundLongitude", "southBoundLatitude", "northBoundLatitude")
        for name, value in zip(names, (box[0], box[2], box[1], box[3]), strict=True):
            _leaf(_in(place, name), "Decimal", f"{value:.6f}")


def _keywords(held: ET.Element, layer: Exportable, lang: str, t: Translator) -> None:
    theme = _THEMES.get(layer.id.split("_")[0], _UNITS)[1 if lang == "en" else 0]
    inspire = _in(held, "descriptiveKeywords", "MD_Keywords")
    _text(inspire, "keyword", theme)
    _dated(_in(inspire, "thesaurusName"), "GEMET - INSPIRE themes, version 1.0", "2008-06-01", "publication")
    free = _in(held, "descriptiveKeywords", "MD_Keywords")
    for word in t("package.keywords").split("; "):
        _text(free, "keyword", word)


def _constraints(held: ET.Element, layer: Exportable, t: Translator) -> None:
    _text(_in(held, "resourceConstraints", "MD_Constraints"), "useLimitation", t("sheet.candidate"))
    legal = _in(held, "resourceConstraints", "MD_LegalConstraints")
    _code(_in(legal, "accessConstraints"), "MD_RestrictionCode", "otherRestrictions")
    _code(_in(legal, "useConstraints"), "MD_RestrictionCode", "otherRestrictions")
    _text(legal, "otherConstraints", layer.attribution(t.lang) or t("package.no_licence"))


def _distribution(root: ET.Element, file: str) -> None:
    held = _in(root, "distributionInfo", "MD_Distribution")
    form = _in(held, "distributionFormat", "MD_Format")
    _text(form, "name", "GeoPackage")
    _text(form, "version", "1.4")
    online = _in(held, "transferOptions", "MD_DigitalTransferOptions", "onLine", "CI_OnlineResource")
    _in(online, "linkage", "URL").text = file


def _quality(root: ET.Element, layer: Exportable, t: Translator) -> None:
    """Conformance with INSPIRE's data specifications (not evaluated), and where the layer comes from."""
    held = _in(root, "dataQualityInfo", "DQ_DataQuality")
    _code(_in(held, "scope", "DQ_Scope", "level"), "MD_ScopeCode", "dataset")
    result = _in(held, "report", "DQ_DomainConsistency", "result", "DQ_ConformanceResult")
    title = t("package.inspire_regulation")
    _dated(_in(result, "specification"), title, "2010-12-08", "publication")
    _text(result, "explanation", t("package.not_evaluated"))
    ET.SubElement(result, f"{{{GMD}}}pass").set(f"{{{GCO}}}nilReason", "unknown")
    lineage = _in(held, "lineage", "LI_Lineage")
    _text(lineage, "statement", f"{t('package.lineage')} {layer.generated_from}")
    for source in layer.sources_in(t.lang):
        said = ". ".join(source[key] for key in ("title", "publisher", "licence", "date") if source.get(key))
        _text(_in(lineage, "source", "LI_Source"), "description", said)
