"""How quickly the curator's page answers, and how heavy it is: a list of 300 learners, first page and all of it.

``python -m benchmarks.page``: milliseconds of server time (from the request handed to the application to the whole answer, log-in, SQLite and
template included; no network) and bytes as they go over the wire, uncompressed.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.unit.deliveries.page_fixture import PASSWORD, TestClient, page_over

LEARNERS, LENGTH, ROUNDS = 300, 200, 40
PATHS = ("/list", "/list?show=more", "/learners", "/questions")


def main() -> None:
    """Measure and print one line per page."""
    with TemporaryDirectory() as folder:
        for length in (15, LENGTH):
            place = Path(folder) / str(length)
            place.mkdir()
            served, _, _ = page_over(place, people=LEARNERS, length=length)
            client = TestClient(served, base_url="http://127.0.0.1:8765", follow_redirects=True)
            form = client.get("/login").text
            hidden = {match[1]: match[2] for match in re.finditer(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)}
            client.post("/login", data={**hidden, "login": "anna", "password": PASSWORD}, headers={"origin": "http://127.0.0.1:8765"})
            style = len(client.get("/style.css").content)
            for path in PATHS:
                taken, answer = [], client.get(path)
                assert answer.status_code == 200, f"{path}: {answer.status_code}"
                for _ in range(ROUNDS):
                    start = time.perf_counter()
                    answer = client.get(path)
                    taken.append((time.perf_counter() - start) * 1000)
                taken.sort()
                lines = max(answer.text.count("<li id="), answer.text.count("<tr>"))
                sys.stdout.write(
                    f"list of {length:>3}, {path:<16} {lines:>4} lines  median {statistics.median(taken):6.1f} ms  "
                    f"95th {taken[int(0.95 * ROUNDS) - 1]:6.1f} ms  {len(answer.content) / 1000:6.1f} kB + {style / 1000:.1f} kB of style\n"
                )


if __name__ == "__main__":
    main()
