"""The heat map: a cell per certificate, in the colour of its value."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from assay.serving.certificates.heatmap import COVERAGE, TYPE_I, svg

SPACE = "{http://www.w3.org/2000/svg}"
VALUES = {
    ("welch", "gamma-1", "50"): 0.02,
    ("welch", "gamma-1", "1k"): 0.05,
    ("z", "gamma-1", "50"): 0.31,
    ("z", "ratio", "50"): 0.05,
}


def drawn() -> ET.Element:
    text = svg(TYPE_I, ["welch", "z"], {"gamma-1": ["50", "1k"], "ratio": ["50"]}, VALUES)
    return ET.fromstring(text)  # noqa: S314 - our own text


def test_every_value_is_one_cell() -> None:
    corners = "".join(path.attrib["d"] for path in drawn().iter(f"{SPACE}path"))
    assert corners.count("M") == len(VALUES)
    assert len(set(corners.split("z"))) == len(VALUES) + 1, "no two at one place"


def test_colours_tell_the_values_apart() -> None:
    assert [TYPE_I.bucket(v) for v in (0.0, 0.02, 0.04, 0.05, 0.06, 0.08, 0.15, 0.31)] == list(range(8))
    fills = {path.attrib["fill"]: path.attrib["d"].count("M") for path in drawn().iter(f"{SPACE}path")}
    assert fills == {TYPE_I.colours[1]: 1, TYPE_I.colours[3]: 2, TYPE_I.colours[7]: 1}
    for scale in (TYPE_I, COVERAGE):
        assert len(scale.colours) == len(scale.labels) == len(scale.bounds) + 1


def test_a_screen_reader_hears_what_is_there() -> None:
    text = drawn().find(f"{SPACE}desc")
    assert text is not None
    assert text.text is not None
    assert "4 cells" in text.text
    assert "4.5–5.5: holds: 2" in text.text
    labels = {element.text for element in drawn().iter(f"{SPACE}text")}
    assert {"welch", "z", "gamma-1", "ratio", "50", "1k"} <= labels
