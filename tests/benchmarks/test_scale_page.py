import xml.etree.ElementTree as ET

from benchmarks.bars import Row, bars
from benchmarks.figures import read
from benchmarks.results import RESULTS
from benchmarks.scale_page import written


def test_documents_tables_and_plots_are_what_the_code_computes() -> None:
    for path, text in written(read(RESULTS)).items():
        assert path.read_text() == text, f"{path.name} is out of date: run `make scale`."


def test_bars_are_as_long_as_their_parts_together() -> None:
    drawn = ET.fromstring(bars("t", [Row("a", {"x": 1, "y": 3}, "4"), Row("b", {"x": 2, "y": 0}, "2")], mark=3))

    widths = [float(each.get("width", "0")) for each in drawn.iter("{http://www.w3.org/2000/svg}rect")][2:]
    assert widths[1] == 3 * widths[0] > 0
    assert widths[2:] == [2 * widths[0], 0]
