"""What is said in one course chat, in order to be written and remembered as truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pipelines.simulation.telegram import Entry, write_chat


@dataclass
class AskedQuestion:
    """A question of any channel with its truth; ids of chat messages are known once the chat is written."""

    truth: dict[str, object]
    asked: Entry | None = None
    answered: Entry | None = None
    holding: Entry | None = None
    peer: Entry | None = None


@dataclass
class ToldLeak:
    """A leak with its truth."""

    truth: dict[str, object]
    entries: list[Entry]


@dataclass
class CourseChat:
    """One chat: of a stream, or of a course whose streams share it."""

    chat_id: int
    name: str
    folder: str
    courses: int
    entries: list[Entry] = field(default_factory=list)
    asked: list[AskedQuestion] = field(default_factory=list)
    leaked: list[ToldLeak] = field(default_factory=list)
    _until: int = 0

    def write(self, folder: Path, until: int) -> int:
        """Write the export; returns the number of messages."""
        self._until = until
        return write_chat(folder, chat_id=self.chat_id, name=self.name, entries=self.entries, until=until)

    def questions(self) -> list[dict[str, object]]:
        """Truth of the questions asked so far, whatever the channel."""
        rows = []
        for question in self.asked:
            row = dict(question.truth)
            if question.asked is not None:
                if question.asked.id is None:
                    continue
                row |= {
                    "chat_id": self.chat_id,
                    "message_id": question.asked.id,
                    "answer_message_id": question.answered.id if question.answered else None,
                    "holding_message_id": question.holding.id if question.holding else None,
                    "peer_message_id": question.peer.id if question.peer else None,
                }
            rows.append(row)
        return rows

    def leaks(self) -> list[dict[str, object]]:
        """Truth of the leaks posted so far."""
        return [
            {**leak.truth, "chat_id": self.chat_id, "message_ids": [entry.id for entry in leak.entries]}
            for leak in self.leaked
            if leak.entries[0].id is not None
        ]
