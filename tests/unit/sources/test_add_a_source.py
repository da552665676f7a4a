"""The recipe docs/add_a_source.md works as it stands there: its reader is taken from the page, named in the registry, and loads a file."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.loading import Load, load_source
from pipelines.programme import Programme, Source
from pipelines.sources import READERS
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import PSEUDONYMS

RECIPE = (Path(__file__).parents[3] / "docs" / "add_a_source.md").read_text(encoding="utf-8")
GOOD = "number,time,author,text\n1,2026-11-20T10:00:00,Анна,Когда зачёт?\n2,2026-11-20T10:05:00,Вера,В пятницу\n3,вчера,Вера,…\n"


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry with the recipe's line, and the recipe's module behind it."""
    [code] = re.findall(r"```python\n(.*?)```", RECIPE, re.DOTALL)
    [(kind, name, reader)] = re.findall(r'`"(\w+)": "([\w.]+):(\w+)",`', RECIPE)
    module = ModuleType(f"pipelines.sources.{name}")
    exec(compile(code, "docs/add_a_source.md", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(READERS.data, kind, getattr(module, reader)())


def load(folder: Path, warehouse: Warehouse) -> list[Load]:
    source = Source(name="chat", kind="lines_csv", path=folder)
    programme = Programme(id="p", name="p", folder=folder, sources=(source,))
    return load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.usefixtures("registered")
def test_the_recipes_reader_loads_a_file_once_with_its_rejects(tmp_path: Path) -> None:
    (tmp_path / "group 1.csv").write_text(GOOD, encoding="utf-8")
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        [first] = load(tmp_path, warehouse)
        assert (first.state, first.reasons) == ("loaded", {"no readable date": 1})
        assert warehouse.rows("select sent_at, text from raw.messages join personal.messages using (message_id) order by 1") == [
            (datetime(2026, 11, 20, 7, 0, tzinfo=UTC), "Когда зачёт?"),
            (datetime(2026, 11, 20, 7, 5, tzinfo=UTC), "В пятницу"),
        ]
        assert warehouse.rows("select display_name from personal.accounts order by 1") == [("Анна",), ("Вера",)]
        assert warehouse.value("select count(*) from raw.chats") == 1
        assert [again.state for again in load(tmp_path, warehouse)] == ["unchanged"]


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a;b\n", "header: expected number, time, author, text"),
        (GOOD.encode("cp1251"), "byte 46: expected text in UTF-8"),
        ("", "header: expected"),
    ],
    ids=["another format", "another encoding", "empty"],
)
def test_the_recipes_reader_says_what_is_wrong_with_a_file(tmp_path: Path, content: str | bytes, says: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        [failed] = load(tmp_path, warehouse)
        assert failed.state == "failed"
        assert says in (failed.problem or "")
