from benchmarks.cost_page import PAGE, filled
from benchmarks.marked import fill


def test_documents_tables_of_cost_are_what_the_code_computes() -> None:
    page = PAGE.read_text()

    assert filled(page) == page, "Run `make scale`."


def test_page_is_filled_between_markers_of_its_kind_alone() -> None:
    page = "a\n<!-- cost:x -->\nold\n<!-- /cost -->\nb\n<!-- bench:x -->\nstays\n<!-- /bench -->\n"

    assert fill(page, "cost", {"x": "new"}) == page.replace("old\n", "\nnew\n")
