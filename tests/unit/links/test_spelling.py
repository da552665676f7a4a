from __future__ import annotations

import pyarrow as pa
import pytest

from pipelines.links.conversations import spelling
from pipelines.links.conversations.questions import judge
from pipelines.warehouse import Warehouse


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("анккету", "анкету"),
        ("работаает", "работает"),
        ("провеьрте", "проверьте"),
        ("удостовеерние", "удостоверение"),
        # Known words, short words, words near none, words of another script.
        ("анкету", None),
        ("кура", None),
        ("манджиева", None),
        ("webinnar", None),
    ],
)
def test_the_word_that_was_meant(word: str, meant: str | None) -> None:
    assert spelling.nearest(word) == meant


def test_lines_are_mended_in_place_and_others_stay() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.connection.register("given", pa.table({"line": [" где заполнять анккету ", " где  анкета ", "", None]}))
        warehouse.connection.execute("create or replace temp table told as select row_number() over () as number, line from given")
        spelling.mend(warehouse, "told", "line")
        assert warehouse.rows("select line from told order by number") == [(" где заполнять анкету ",), (" где  анкета ",), ("",), (None,)]


@pytest.mark.parametrize(
    "text", ["Где заполнять анккету", "Ссылка на опрос не работаает", "пустите на вебиинар!", "Кто у второго потока куартор?"]
)
def test_a_typing_error_hides_no_question(text: str) -> None:
    with Warehouse.open(None) as warehouse:
        assert judge(pa.array([text]), warehouse=warehouse)["is_question"].to_pylist() == [True]
