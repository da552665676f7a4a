"""What must hold of the search for copies whatever the texts: order of arrival, unrelated texts, one night or many, every engine at hand."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.links.copies.copies import link_copies
from pipelines.links.copies.copy_candidates import candidates, star_query
from pipelines.links.copies.copy_star import star_pairs
from pipelines.links.copies.quotations import quoted_words
from pipelines.text import words
from pipelines.warehouse import Warehouse
from tests.unit.links.test_copies import hand_in, post, text_of
from tests.unit.links.warehouses import empty, insert

Work = tuple[str, str, str, float]


def made(seed: int, count: int = 24) -> list[Work]:
    """Works of a small task: some copy an earlier one whole, in half or mixed with another; (id, person, text, hours)."""
    chance = random.Random(seed)
    found: list[Work] = []
    for number in range(count):
        text = text_of(seed * 1000 + number, chance.randint(50, 120))
        if found and chance.random() < 0.5:
            source = chance.choice(found)[2].split()
            begin = chance.randrange(len(source) // 2)
            text = " ".join(source[begin : begin + max(30, len(source) // 2)] + text.split()[: chance.choice((0, 20, 60))])
        found.append((f"s{number:02}", f"a{number % (count - 3)}", text, number + chance.random()))
    return found


def pairs_of(works: Sequence[Work], nights: int = 1) -> list[tuple[object, ...]]:
    with empty() as warehouse:
        insert(warehouse, "raw.tasks", [{"task_id": "t", "course_id": "c", "kind": "assignment", "intro": text_of(900, 40)}])
        size = -(-len(works) // nights)
        for night in range(nights):
            for name, person, text, hours in works[night * size : (night + 1) * size]:
                hand_in(warehouse, name, person, text, hours)
            link_copies(warehouse)
        fragments = warehouse.rows(
            "select later_id, earlier_id, later_start, later_end, earlier_start, earlier_end from links.copy_fragments order by all"
        )
        return [
            *warehouse.rows("select * from links.copies order by all"),
            *warehouse.rows("select * from links.copy_clusters order by all"),
            *fragments,
        ]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_the_order_of_arrival_changes_nothing(seed: int) -> None:
    works = made(seed)
    shuffled = random.Random(seed).sample(works, len(works))
    expected = pairs_of(works)
    assert expected
    assert pairs_of(shuffled) == expected
    assert pairs_of(shuffled, nights=4) == expected


def test_night_by_night_gives_what_all_at_once_gives() -> None:
    works = made(7, 40)
    assert pairs_of(works, nights=5) == pairs_of(works)


def test_unrelated_texts_change_no_pair() -> None:
    works = made(3)
    strangers = [(f"z{number}", f"z{number}", text_of(90_000 + number), number * 0.7) for number in range(4)]
    assert pairs_of([*works, *strangers]) == pairs_of(works)


def test_who_was_first_decides_the_direction_and_nothing_else() -> None:
    one, other = text_of(1), " ".join(text_of(1).split()[:70] + text_of(2).split()[:30])
    forward, back = pairs_of([("s1", "a", one, 0), ("s2", "b", other, 30)]), pairs_of([("s1", "a", one, 30), ("s2", "b", other, 0)])
    assert forward[0][:2] == ("s2", "s1")
    assert back[0][:2] == ("s1", "s2")
    assert forward[0][5] == back[0][5]
    assert forward[0][6:8] == back[0][7:5:-1]


def test_a_text_that_went_takes_its_pairs_along() -> None:
    works = [("s1", "a", text_of(1), 0.0), ("s2", "b", text_of(1), 5.0), ("s3", "c", text_of(1), 9.0)]
    with empty() as warehouse:
        for name, person, text, hours in works:
            hand_in(warehouse, name, person, text, hours)
        link_copies(warehouse)
        warehouse.connection.execute("delete from raw.submissions where submission_id = 's1'")
        link_copies(warehouse)
        assert warehouse.rows("select later_id, earlier_id from links.copies") == [("s3", "s2")]


def test_a_teachers_message_is_reference_and_hides_what_repeats_it() -> None:
    with empty() as warehouse:
        insert(
            warehouse,
            "raw.enrolments",
            [{"enrolment_id": "e", "account_id": "teacher", "course_id": "c", "role": "curator", "state": "active"}],
        )
        insert(warehouse, "links.people", [{"account_id": "teacher", "person_id": "pteacher", "state": "linked", "rule": "anchor"}])
        post(warehouse, "m1", "teacher", text_of(1), 0)
        for number in (1, 2):
            hand_in(warehouse, f"s{number}", f"a{number}", text_of(1, 60) + " " + text_of(number + 10, 60), number)
        link_copies(warehouse)
        assert warehouse.rows("select later_id, earlier_id, kind from links.copies order by 1") == [
            ("s1", "m1", "reference"),
            ("s2", "m1", "reference"),
        ]


def test_the_words_of_files_are_read() -> None:
    with empty() as warehouse:
        for number in (1, 2):
            hand_in(warehouse, f"s{number}", f"a{number}", "Прилагаю файл", number)
            insert(
                warehouse,
                "raw.submission_files",
                [{"file_id": f"f{number}", "submission_id": f"s{number}", "content_hash": f"h{number}", "bytes": 9}],
            )
            insert(warehouse, "personal.file_texts", [{"content_hash": f"h{number}", "text": text_of(1) + " конец" * number}])
        link_copies(warehouse)
        assert warehouse.rows("select later_id, earlier_id, same_file from links.copies") == [("s2", "s1", False)]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Я думаю так. Он сказал: «учить надо всех» и ушёл домой к себе.", 3),
        ("Моё мнение такое. Согласно статье 28 закона школа свободна в выборе. Дальше снова моё мнение и ещё моё.", 8),
        ("«Всё это целиком стоит в кавычках и ничего кроме»", 0),
        ("Моё мнение здесь. В приказе сказано: «Пишут слово «никто» вместо имени. Потом молчат» и это всё, что там есть для нас.", 7),
        ("My own view. The rule says “write “nobody” here. Then stop” and that is all there is in it for us today.", 5),
        ("Открыли «и не закрыли, а дальше «вот это» стоит в своих кавычках, и снова идут мои собственные слова", 2),
        ("Открыли «" + "мои слова " * 200 + "«вот это» " + "мои слова " * 200 + "» и всё", 2),
        ("Незакрытая «кавычка ничего не значит в этом тексте", 0),
    ],
)
def test_quotations_are_seen_unless_they_are_the_whole_text(text: str, quoted: int) -> None:
    assert int(quoted_words([text], words([text])).sum()) == quoted


def quoting(seed: int, count: int = 70) -> list[Work]:
    """Works that each quote two of six sentences everybody read, without marks; every seventh copies half of another's work beside."""
    chance = random.Random(seed)
    article = [text_of(800 + number, 16) for number in range(6)]
    found: list[Work] = []
    for number in range(count):
        own = text_of(seed * 1000 + number, chance.randint(120, 160)).split()
        if number % 7 == 6:
            own[:50] = chance.choice(found)[2].split()[-70:]
        for sentence in chance.sample(article, 2):
            own[30:30] = sentence.split()
        found.append((f"s{number:02}", f"a{number}", " ".join(own), number + chance.random()))
    return found


def test_sentences_that_everybody_quotes_are_no_copies_and_hide_none() -> None:
    works = quoting(4)
    flagged = {row[0] for row in pairs_of(works) if str(row[1]).startswith("s") and len(row) > 10}
    assert flagged == {f"s{number:02}" for number in range(6, 70, 7)}


def answers(count: int, *, own: int, sentences: int, quoted: int, copiers: int, seed: int = 6) -> list[Work]:
    """Works of ``own`` words that each quote ``quoted`` of so many sentences of eighteen words; every ``copiers``-th copies most of another's words beside."""
    chance = random.Random(seed)
    article = [text_of(800 + number, 18) for number in range(sentences)]
    found: list[tuple[str, list[str], Work]] = []
    for number in range(count):
        words = text_of(seed * 1000 + number, own).split()
        if number % copiers == copiers - 1:
            words = chance.choice(found)[1][: own * 3 // 4] + words[own * 3 // 4 :]
        text = " ".join([*words[: own // 2], *chance.sample(article, quoted), *words[own // 2 :]])
        found.append((f"s{number:03}", words, (f"s{number:03}", f"a{number}", text, number + chance.random())))
    return [work for _, _, work in found]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"count": 60, "own": 110, "sentences": 40, "quoted": 1, "copiers": 20}, "a small group cannot tell what everybody quotes: hardly two quote the same"),
        ({"count": 130, "own": 60, "sentences": 16, "quoted": 2, "copiers": 13}, "two quotations are two fifths of a short answer"),
    ],
)  # fmt: skip
def test_who_quotes_the_same_sentence_has_not_copied(how: dict[str, int], why: str) -> None:
    copies = {f"s{number:03}" for number in range(how["copiers"] - 1, how["count"], how["copiers"])}
    assert {row[0] for row in pairs_of(answers(**how)) if str(row[1]).startswith("s") and len(row) > 10} == copies, why


def test_three_who_share_a_sentence_are_still_shown() -> None:
    works = quoting(4, 40)[:36]
    works += [(f"z{number}", f"z{number}", text_of(70_000 + number, 80) + " " + text_of(60_000, 40), 100.0 + number) for number in range(3)]
    assert {"z1", "z2"} <= {row[0] for row in pairs_of(works)}


@pytest.mark.slow
def test_night_by_night_is_at_once_where_a_task_grows_past_its_doublings() -> None:
    works = quoting(5, 70)
    assert pairs_of(works, nights=5) == pairs_of(works)
    assert pairs_of(random.Random(1).sample(works, len(works)), nights=3) == pairs_of(works)


def _filled_star(seed: int = 5) -> Warehouse:
    chance = random.Random(seed)
    warehouse = Warehouse.open(None)
    docs = [(number, number + 1, chance.randrange(25), chance.choice((0, 0, 0, 1, 2))) for number in range(60)]
    prints = sorted({(number, chance.choice((-1, 1)) * chance.randrange(60)) for number in range(60) for _ in range(20)})
    for table, columns, rows in (
        (
            "copy_docs",
            "text_no integer, seq integer, person_no integer, holder integer, is_asked boolean",
            [(*doc, doc[3] == 0) for doc in docs],
        ),
        ("copy_prints", "text_no integer, print bigint", prints),
    ):
        warehouse.connection.execute(f"create table {table} ({columns})")
        warehouse.connection.execute(f"insert into {table} values {str(rows)[1:-1]}")
    return warehouse


def test_both_ways_to_the_candidates_and_any_parts_give_the_same() -> None:
    with _filled_star() as warehouse:
        whole = sorted(warehouse.rows(star_query("copy_prints")))
        assert whole
        assert sorted(warehouse.rows(star_query("copy_prints", narrow=True))) == whole
        parts = warehouse.rows(" union all ".join(f"({star_query('copy_prints', part=part, parts=4)})" for part in range(4)))
        summed: dict[tuple[int, int, int], int] = {}
        for later, earlier, own, shared in parts:
            summed[later, earlier, own] = summed.get((later, earlier, own), 0) + shared
        assert sorted((*key, shared) for key, shared in summed.items()) == whole
        assert candidates(warehouse, "copy_prints").num_rows <= len(whole)


@pytest.mark.parametrize("rows", ["text_no, print", "print, text_no", "text_no // 20, print, text_no", "hash(text_no, print)"])
@pytest.mark.parametrize("unasked", ["seq % 3 = 0", "seq <= 45", "seq <= 55 or person_no % 2 = 0"])
@pytest.mark.parametrize("seed", range(5, 10))
def test_arrays_give_the_pairs_that_the_query_gives(seed: int, unasked: str, rows: str) -> None:
    """Whatever is asked about (in a night the latest works alone) and in whatever order fingerprints were written."""
    with _filled_star(seed) as warehouse:
        # Some works are known and not asked about, some texts went and left fingerprints.
        warehouse.connection.execute(f"update copy_docs set is_asked = false where {unasked}")
        warehouse.connection.execute("delete from copy_docs where seq % 11 = 0")
        warehouse.connection.execute(f"create or replace table copy_prints as select * from copy_prints order by {rows}")
        expected = sorted(row for row in warehouse.rows(star_query("copy_prints")) if row[3] > 1)
        assert expected
        for narrow in (False, True):
            found = star_pairs(warehouse, "copy_prints", narrow=narrow)
            assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


@pytest.mark.postgres
@pytest.mark.enable_socket
def test_postgresql_gives_the_same_candidates() -> None:
    psycopg = pytest.importorskip("psycopg")
    try:
        server = psycopg.connect(
            host=os.environ.get("PGHOST", "127.0.0.1"), user=os.environ.get("PGUSER", "postgres"), dbname="postgres", connect_timeout=3
        )
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL server on loopback")
    with _filled_star() as warehouse, server:
        cursor = server.cursor()
        cursor.execute("create temp table copy_prints (text_no integer, print bigint)")
        cursor.execute("create temp table copy_docs (text_no integer, seq integer, person_no integer, holder integer, is_asked boolean)")
        cursor.executemany("insert into copy_prints values (%s, %s)", warehouse.rows("select * from copy_prints"))
        cursor.executemany("insert into copy_docs values (%s, %s, %s, %s, %s)", warehouse.rows("select * from copy_docs"))
        for narrow in (False, True):
            query = star_query("copy_prints", narrow=narrow)
            cursor.execute(query.replace("%", "%%"))
            assert sorted(cursor.fetchall()) == sorted(warehouse.rows(query))
        server.rollback()


@pytest.mark.slow
@pytest.mark.enable_socket
def test_spark_gives_the_same_candidates(tmp_path: Path) -> None:
    """Spark reads the same query. It is no dependency of Mayak's and needs a Java: whoever has both sees that it holds there too."""
    sql = pytest.importorskip("pyspark.sql", reason="Spark is not installed (pip install pyspark)")
    if shutil.which("java") is None:
        pytest.skip("no java on the path: Spark needs one")
    with _filled_star() as warehouse:
        spark = (
            sql.SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.warehouse.dir", str(tmp_path))
            .getOrCreate()
        )
        try:
            for table, columns in (
                ("copy_prints", "text_no int, print bigint"),
                ("copy_docs", "text_no int, seq int, person_no int, holder int, is_asked boolean"),
            ):
                spark.createDataFrame(warehouse.rows(f"select * from {table}"), columns).createOrReplaceTempView(table)
            for narrow in (False, True):
                query = star_query("copy_prints", narrow=narrow)
                assert sorted(tuple(row) for row in spark.sql(query).collect()) == sorted(warehouse.rows(query))
        finally:
            spark.stop()
