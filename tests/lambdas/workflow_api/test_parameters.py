import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.workflow_api.body import read_body
from lambdas.workflow_api.parameters import read_parameters

MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("header", "value", "parameters"),
    [
        ("", "", {}),
        ("Text/HTML", "text/html", {}),
        ("text/plain;charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ('a/b ; Charset = "utf-8" ;x=1', "a/b", {"charset": "utf-8", "x": "1"}),
        ('form-data; name="a;b=\\"c\\\\"; x', "form-data", {"name": 'a;b="c\\'}),
        ("form-data; flag; name=", "form-data", {"name": ""}),
        ("form-data; name=first; name=second", "form-data", {"name": "first"}),
        ('form-data; a=1; name="never closed; b=2', "form-data", {"a": "1", "name": ""}),
        ('form-data; name="a"b; c=2', "form-data", {"name": "a"}),
    ],
)
def test_value_and_parameters_are_read(header: str, value: str, parameters: dict[str, str]) -> None:
    assert read_parameters(header) == (value, parameters)


@given(
    st.dictionaries(
        st.text("abcdefgh-*0123456789", min_size=1, max_size=8),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        max_size=5,
    )
)
def test_whatever_is_quoted_comes_back(parameters: dict[str, str]) -> None:
    quoted = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in parameters.items()}
    header = "; ".join(["form-data", *(f'{name}="{value}"' for name, value in quoted.items())])

    assert read_parameters(header) == ("form-data", parameters)


@pytest.mark.parametrize(
    "again", [";", '"', ';"', "; a=", '; a="', '; a="b"', "\\", ";\\", " ", "; ", "; a", ";\t=", "a"]
)
@pytest.mark.parametrize("before", ['; name="', "; name=", ""])
def test_megabyte_of_what_is_looked_for_is_read_in_one_pass(before: str, again: str) -> None:
    value, _ = read_parameters(f"form-data{before}{again * (MEGABYTE // len(again))}")  # else it takes hours

    assert value.startswith("form-data")


def test_form_of_a_megabyte_of_semicolons_between_quotes_is_read() -> None:
    name = ";" * MEGABYTE
    body = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\nx\r\n--b--'.encode()

    assert read_body(body, content_type="multipart/form-data; boundary=b", content_encoding="") == {name: "x"}
