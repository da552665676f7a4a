"""On which channel a learner answers, and that what came back is never proposed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from pipelines.programme import Programme
from pipelines.warehouse import Warehouse
from tests.sql.talk import Talk

START = datetime(2026, 11, 16, 7, tzinfo=UTC)


def test_habits_of_answering_and_a_channel_that_came_back() -> None:
    """Three of four letters answered, one of two words in the chat; the last letter came back: mail is out, the chat is proposed."""
    made = {
        "facts.fct_contacts": "message_id varchar, person_id varchar, channel varchar, contacted_at timestamptz, is_returned boolean",
        "facts.fct_notices": "notice_id varchar, person_id varchar, channel varchar, sent_at timestamptz, is_bounced boolean, first_sign_at timestamptz",
        "facts.dim_people": "person_id varchar, is_learner boolean",
    }
    with Warehouse.open(None) as warehouse:
        talk = Talk(warehouse, Programme(id="trial", name="Trial"), from_day=date(2026, 11, 1), until_day=date(2026, 11, 30))
        for name, columns in made.items():
            warehouse.connection.execute(f"create or replace table {name} ({columns})")
        contacts = [("mail", 0), ("mail", 10), ("mail", 20), ("mail", 30), ("chat", 0), ("chat", 50)]
        answers = [("mail", 1), ("mail", 12), ("mail", 23), ("chat", 1)]
        talk.put("facts.fct_contacts", [{"message_id": f"k{n}", "person_id": "p", "channel": channel, "contacted_at": START + timedelta(hours=hour)} for n, (channel, hour) in enumerate(contacts)])  # fmt: skip
        talk.put(
            "facts.fct_messages",
            [
                {"message_id": f"p{n}", "person_id": "p", "channel": channel, "role": "learner", "sent_at": START + timedelta(hours=hour), "day": (START + timedelta(hours=hour)).date()}
                for n, (channel, hour) in enumerate(answers)
            ],
        )  # fmt: skip
        talk.put("facts.dim_people", [{"person_id": "p", "is_learner": True}])
        talk.put(
            "facts.fct_notices",
            [{"notice_id": "k3", "person_id": "p", "channel": "mail", "sent_at": START + timedelta(hours=30), "is_bounced": True}],
        )
        talk.run("indicators/ind_reach_channels", "indicators/ind_reach", as_of=date(2026, 11, 20))
        assert warehouse.rows(
            "select channel, contacts, answers, answered_share, answer_hours, is_bounced from indicators.ind_reach_channels order by channel"
        ) == [("chat", 2, 1, 0.5, 1.0, False), ("mail", 4, 3, 0.75, 2.0, True)]
        assert warehouse.rows("select best_channel, answers_on, is_mail_bounced from indicators.ind_reach") == [("chat", "chat", True)]
