"""Journals in a database: the same search as with a file; a real PostgreSQL server, and SQLite."""

import subprocess
import sys
import time

import pytest
import sqlalchemy

from qhls.search import JournalError, SearchError
from qhls.search.trials.database import DatabaseLines
from qhls.search.trials.journal import JOURNAL_FILE, Journal
from support.databases import free_port, postgresql
from support.searches import Pretended, run

HEADER = {"search": "test", "seed": 0}


@pytest.fixture(scope="module")
def server():
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/search.db"
    found = request.getfixturevalue("server")
    with sqlalchemy.create_engine(found).begin() as connection:
        connection.execute(sqlalchemy.text("drop schema public cascade"))
        connection.execute(sqlalchemy.text("create schema public"))
    return found


class Nothing(Pretended):
    def result(self, task):
        raise AssertionError(f"trial {task.number} is trained again")


def change(url, statement, **values):
    with sqlalchemy.create_engine(url).begin() as connection:
        connection.execute(sqlalchemy.text(statement), values)


def test_the_same_search_in_a_database(tmp_path, url):
    settings = {"trials": 4, "batch": 2}
    in_file = run(tmp_path / "file", **settings)
    found = run(tmp_path / "run", storage=url, **settings)
    assert found.records == in_file.records
    assert not (tmp_path / "run" / JOURNAL_FILE).exists()
    again = run(tmp_path / "run", storage=url, executor=Nothing, **settings)
    assert again.records == found.records
    assert [p.path for p in again] == [p.path for p in found]


@pytest.mark.parametrize("kept", [1, 3])
def test_a_search_goes_on_from_its_rows(tmp_path, url, kept):
    settings = {"trials": 4, "batch": 2, "storage": url}
    whole = run(tmp_path / "run", **settings)
    change(url, "delete from qhls_journal where line > :kept", kept=kept)
    trained = []

    class Counted(Pretended):
        def result(self, task):
            trained.append(task.number)
            return super().result(task)

    assert run(tmp_path / "run", executor=Counted, **settings).records == whole.records
    assert len(trained) == len(whole.records) - kept


def test_searches_of_one_database_have_names(tmp_path, url):
    first = run(tmp_path / "a", storage=url, trials=1, batch=1)
    second = run(tmp_path / "b", storage=url, trials=1, batch=1, seed=1)
    third = run(tmp_path / "c", storage=url, trials=1, batch=1, seed=2, name="own")
    assert len({str(f.records) for f in (first, second, third)}) == 3
    assert run(tmp_path / "a", storage=url, trials=1, batch=1).records == first.records
    with pytest.raises(JournalError, match=r"^(sqlite|postgresql).*, search 'own': expected the journal of this "
                       r"search, got one whose seed is 2, not 0\. Search in a new folder, or .*$"):  # fmt: skip
        run(tmp_path / "d", storage=url, trials=1, batch=1, name="own")


def test_damage_in_a_database_is_named(tmp_path, url):
    run(tmp_path / "run", storage=url, trials=1, batch=1)
    change(
        url,
        "update qhls_journal set content = replace(content, 'trained', 'trainde') where line = 1",
    )
    with pytest.raises(JournalError, match=r"^.*, search 'run', line 2: expected what a search has written, got "
                       r"one whose checksum is wrong\. Cut the damaged .*$"):  # fmt: skip
        run(tmp_path / "run", storage=url, trials=1, batch=1)


def test_a_second_driver_of_one_search_is_refused(url):
    one, other = (Journal(DatabaseLines(url, "x"), HEADER) for _ in range(2))
    one.append(0, {"state": "trained"})
    with pytest.raises(JournalError, match=r"^.*, search 'x': expected to be the only driver of this search, got "
                       r"line 0 from another\. Wait for it, or give this search another name\.$"):  # fmt: skip
        other.append(0, {"state": "trained"})
    again = Journal(DatabaseLines(url, "x"), HEADER)
    assert again.records == one.records == {0: {"state": "trained"}}


SCRIPT = """
import sys, time
from support.searches import Pretended, run

class Slow(Pretended):
    def result(self, task):
        time.sleep(0.2)
        return super().result(task)

run({folder!r}, executor=Slow, trials=16, storage={url!r})
"""


def test_a_driver_that_is_killed_resumes_from_postgresql(tmp_path, server):
    folder = tmp_path / "killed"
    script = SCRIPT.format(folder=str(folder), url=server)
    driver = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    noted = []
    while len(noted) < 6:
        assert driver.poll() is None
        assert time.monotonic() < deadline
        noted = DatabaseLines(server, "killed").read()
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    noted = DatabaseLines(server, "killed").read()
    again = run(folder, trials=16, storage=server)
    assert DatabaseLines(server, "killed").read()[: len(noted)] == noted
    assert len(noted) - 1 < len(again.records)
    assert again.records == run(tmp_path / "whole", trials=16).records


# -- what goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", r"^storage: expected a database's URL, such as postgresql\+psycopg://.*, got 'nonsense': .*"),
        ("nobase://host/x", r"^storage: expected a database's URL, such as .*, got 'nobase://host/x': .*"),
    ],
)  # fmt: skip
def test_no_url(tmp_path, url, message):
    with pytest.raises(SearchError, match=message):
        run(tmp_path, storage=url)


def test_a_driver_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SearchError, match=r"^storage: expected the driver of 'postgresql\+psycopg', got none "
                       r"\(.*\)\. For PostgreSQL run pip install 'qhls\[postgresql\]'\.$"):  # fmt: skip
        run(tmp_path, storage="postgresql+psycopg://host/x")


def test_a_database_that_does_not_answer(tmp_path):
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed")
    url = f"postgresql+psycopg://me:secret@127.0.0.1:{free_port()}/x"
    with pytest.raises(JournalError, match=r"(?s)^postgresql\+psycopg://me:\*\*\*@127.*/x, search 'run': expected a "
                       r"database that answers, got OperationalError: .*\. Search again .*: what the "
                       r"journal has is kept\.$"
                       ) as caught:  # fmt: skip
        run(tmp_path / "run", storage=url)
    assert "secret" not in str(caught.value)


def test_a_database_that_is_gone_while_it_is_written(tmp_path):
    place = tmp_path / "search.db"
    journal = Journal(DatabaseLines(f"sqlite:///{place}", "x"), HEADER)
    journal.append(0, {"state": "trained"})
    change(f"sqlite:///{place}", "drop table qhls_journal")
    with pytest.raises(JournalError, match=r"^sqlite:.*, search 'x': expected to write another line, got "
                       r"OperationalError: no such table.*\. Search again with the same arguments .*$"):  # fmt: skip
        journal.append(1, {"state": "trained"})
    assert list(journal.records) == [0]
