"""What people say of completions stands above the rule, moves the weight of the signs, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import pytest

from pipelines.errors import PermanentError
from pipelines.risk.formal_labels import soft
from pipelines.risk.scoring import training_frame
from pipelines.risk.verdicts import Verdict, decide, standing, undo
from pipelines.warehouse import Warehouse
from tests.unit.risk.history import end_of, write_history

AT = datetime(2026, 5, 1, 9, tzinfo=UTC)
LATER = date(2026, 6, 1)


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with Warehouse.open(None) as opened:
        write_history(opened, streams=1, learners=20)
        yield opened


def _completed(warehouse: Warehouse) -> str:
    return str(warehouse.value("select min(person_id) from facts.fct_enrolments where outcome = 'completed'"))


def test_a_verdict_is_the_label_of_all_days_until_it_is_taken_back(warehouse: Warehouse) -> None:
    person = _completed(warehouse)
    labels = []
    for word in ("formal", "genuine"):
        verdict_id = decide(warehouse, Verdict(word, person, "COS/0", AT, "N. N.", "spoken to"))
        frame = training_frame(warehouse, "formal_completion", ["COS/0"], known_by=LATER)
        labels.append(set(frame.loc[frame["person_id"] == person, "outcome"]))
    assert labels == [{1}, {0}]
    undo(warehouse, verdict_id, AT)
    assert standing(warehouse, LATER).to_dict("records") == [{"person_id": person, "stream_id": "COS/0", "verdict": 1}]


def test_a_verdict_of_later_is_not_known_on_the_day(warehouse: Warehouse) -> None:
    decide(warehouse, Verdict("formal", _completed(warehouse), "COS/0", AT))
    assert standing(warehouse, date(2026, 5, 1)).empty
    assert len(standing(warehouse, date(2026, 5, 2))) == 1


def test_a_false_alarm_about_nothing_but_formal_completion_says_genuine(warehouse: Warehouse) -> None:
    person = _completed(warehouse)
    for item, reasons in (("one", ["risk:formal_completion:medium"]), ("two", ["risk:formal_completion:medium", "risk:dropout:high"])):
        learner = person if item == "one" else "somebody-else"
        warehouse.connection.execute(
            "insert into deliveries.list_items values ('2026-04-20', 'c1', 1, 'help', ?, 'COS/0', ?, 'medium', 20)", [learner, item]
        )
        for reason in reasons:
            warehouse.connection.execute("insert into deliveries.list_reasons values ('2026-04-20', 'c1', ?, ?)", [item, reason])
        warehouse.connection.execute(
            "insert into raw.marks (mark_id, marked_at, curator_id, list_day, item_id, person_id, section, state, origin) "
            "values (?, ?, 'c1', '2026-04-20', ?, ?, 'help', 'false_alarm', 'page')",
            [item, AT, item, learner],
        )
    assert standing(warehouse, LATER).to_dict("records") == [{"person_id": person, "stream_id": "COS/0", "verdict": 0}]
    # What is said outright counts before a mark, whenever it was said.
    decide(warehouse, Verdict("formal", person, "COS/0", datetime(2026, 4, 1, tzinfo=UTC)))
    assert standing(warehouse, LATER)["verdict"].tolist() == [1]


def test_only_learners_of_the_stream_and_only_two_words(warehouse: Warehouse) -> None:
    with pytest.raises(PermanentError, match="no learner"):
        decide(warehouse, Verdict("formal", "nobody", "COS/0", AT))
    with pytest.raises(PermanentError, match="formal, genuine"):
        decide(warehouse, Verdict("lazy", _completed(warehouse), "COS/0", AT))
    assert end_of(0) < LATER


def test_verdicts_take_the_weight_from_a_sign_that_accuses_the_honest() -> None:
    """The first sign shows in half of the honest completions; once that has been said often enough, it and another are no longer enough."""
    rng = np.random.default_rng(3)
    formal = rng.random(300) < 0.2
    signs = np.column_stack([rng.random(300) < 0.5, *(rng.random((3, 300)) < np.where(formal, 0.8, 0.05))]).astype(float)
    signs[rng.random(signs.shape) < 0.1] = np.nan
    nobody = np.full(300, np.nan)
    said = np.where(np.arange(300) < 80, formal, np.nan)
    asked = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0], [np.nan] * 4])
    doubtful, sure, unknown = soft(signs, said, asked=asked)
    assert doubtful < 0.5 < sure
    assert 0.1 < unknown < 0.3
    answer = soft(signs, said)
    assert np.array_equal(answer[:80], formal[:80].astype(float))
    rest = slice(80, None)
    assert np.mean((answer[rest] >= 0.5) == formal[rest]) > 0.93
    # Two signs and nothing known: what the rule says.
    few = soft(np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]), nobody[:2])
    assert few[0] > 0.5 > few[1]
