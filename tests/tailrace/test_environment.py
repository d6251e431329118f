import pytest
from pydantic import BaseModel, ValidationError, field_validator

from tailrace.environment import complaints


class Needed(BaseModel):
    port: int
    table: str
    url: str = ""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        raise ValueError(f"write an address of {len(url)} characters")


def test_each_variable_is_told_by_its_name_and_not_what_it_holds() -> None:
    with pytest.raises(ValidationError) as raised:
        Needed.model_validate({"port": "secret", "url": "abc"})

    port, table, url = complaints(raised.value)

    assert port.startswith("TAILRACE_PORT: Input should be a valid integer")
    assert table == "TAILRACE_TABLE: is not set"
    assert url == "TAILRACE_URL: write an address of 3 characters"
    assert "secret" not in port
