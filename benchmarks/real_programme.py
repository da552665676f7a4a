"""The whole job on a real Moodle database and the channels of the same people, then its figures against the truth.

``python -m benchmarks.real_programme --data ../shared/data --url postgresql+psycopg://postgres@127.0.0.1:5432/mayak_real_programme``

Restores the dump with psql into the database of the URL when it is not there, writes a programme file beside the warehouse, runs
``mayak run daily`` step by step, and prints one line per figure (``--markdown``: one table per part, as it stands
at the head of the part's page in docs/evaluation).
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console

from benchmarks.evaluation import Figure, acknowledgements, copies, feedback, latency, people, questions, risk
from pipelines.errors import SourceAway
from pipelines.progress import show_progress
from pipelines.settings import read_settings
from pipelines.steps import Run, carry_out, daily, weekly
from pipelines.warehouse import Warehouse

DEFAULT_URL = "postgresql+psycopg://postgres@127.0.0.1:5432/mayak_real_programme"
AS_OF = date(2026, 11, 22)
#: What is measured, in the order of the stages.
PARTS = (people, copies, questions, latency, acknowledgements, feedback, risk)
KEY = "evaluation-on-invented-people"

PROGRAMME = """\
[programme]
id = "ipk"
name = "Институт повышения квалификации педагогов"

[[sources]]
name = "lms"
kind = "moodle_db"

[[sources]]
name = "telegram"
kind = "telegram"
path = "{data}/moodle_channels/telegram"

[[sources]]
name = "mail"
kind = "mailbox"
path = "{data}/moodle_channels/mail"

[[sources]]
name = "webinars"
kind = "zoom"
path = "{data}/moodle_channels/webinar"

[[sources]]
name = "surveys"
kind = "survey_csv"
path = "{data}/moodle_channels/survey"
"""


def restore(dump: Path, url: str) -> None:
    """Restore the dump into the URL's database unless it has Moodle's tables already. Raises SourceAway where no server answers."""
    target = sa.make_url(url)
    admin = sa.create_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            found = connection.execute(sa.text("select 1 from pg_database where datname = :name"), {"name": target.database}).scalar()
            if found:
                return
            connection.execute(sa.text(f'create database "{target.database}" encoding utf8 template template0'))
    except sa.exc.OperationalError as error:
        raise SourceAway(f"no PostgreSQL at {target.host}:{target.port}") from error
    psql = shutil.which("psql")
    if psql is None:
        raise SourceAway("psql is not installed: it is needed to restore the dump")
    command = [
        psql,
        "-q",
        "-h",
        target.host or "127.0.0.1",
        "-p",
        str(target.port or 5432),
        "-U",
        target.username or "postgres",
        target.database or "",
    ]
    with gzip.open(dump) as text, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        shutil.copyfileobj(text, process.stdin)
        process.stdin.close()
    if process.returncode:
        raise SourceAway(f"psql could not restore {dump.name} (exit code {process.returncode})")


def configure(data: Path, home: Path, url: str) -> None:
    """Point this process at an installation under ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "programme.toml").write_text(PROGRAMME.format(data=data.resolve()), encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        del os.environ[name]
    os.environ |= {
        "MAYAK_PROGRAMME": str(home / "programme.toml"),
        "MAYAK_HOME": str(home),
        "MAYAK_PSEUDONYM_KEY": KEY,
        "MAYAK_SOURCES__LMS__URL": url,
    }


def evaluate(data: Path) -> list[Figure]:
    """Every part's figures on the warehouse of the configured installation."""
    settings = read_settings()
    figures: list[Figure] = []
    with Warehouse.open(settings.warehouse_path, read_only=True) as warehouse:
        for part in PARTS:
            figures += part.evaluate(warehouse, settings.pseudonyms, data)
    return figures


def main() -> None:
    """Restore, run, evaluate, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--url", default=DEFAULT_URL)
    parser.add_argument("--home", type=Path, default=Path("var/real"))
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF)
    parser.add_argument("--weekly", action="store_true", help="make the leadership report too")
    parser.add_argument("--evaluate-only", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    console = Console(stderr=True)
    configure(given.data, given.home.resolve(), given.url)
    if not given.evaluate_only:
        restore(given.data / "moodle_db" / "moodle45_pg_full.sql.gz", given.url)
        run = Run(read_settings(), given.as_of, datetime.now(UTC))
        steps = weekly(run.programme) if given.weekly else daily(run.programme)
        start = time.perf_counter()
        with show_progress(console, len(steps)) as run.progress:
            carry_out(run, steps)
        console.print(f"whole run: {time.perf_counter() - start:.0f} s")
    for part, group in itertools.groupby(evaluate(given.data), lambda figure: figure.part):
        if given.markdown:
            sys.stdout.write(f"\n{part}\n\n| figure | value | 95 % | n | note |\n|---|--:|---|--:|---|\n")
        for figure in group:
            spread = f"{figure.low:.3f}–{figure.high:.3f}" if figure.low is not None and figure.high is not None else "–"
            value = "–" if figure.value is None else f"{figure.value:.3f}"
            cells = (figure.name, value, spread, str(figure.n if figure.n is not None else "–"), figure.note or "")
            sys.stdout.write(("| " + " | ".join(cells) + " |" if given.markdown else "\t".join((part, *cells))) + "\n")


if __name__ == "__main__":
    main()
