"""Storage of journals in a database given by an SQLAlchemy URL: one table for all searches, one row per line.

Each row is committed, over a connection opened for it, before anything depends on it: a training may outlast the
idle timeout of a server. The primary key is search and line number, so a second driver of the same search, which
would write the same line, is refused.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy
from sqlalchemy import exc
from sqlalchemy.pool import NullPool

from qhls.search.errors import JournalError, SearchError
from qhls.search.trials.only import (
    describe_driver,
    identify_machine,
    identify_process,
    is_running,
    make_second_driver_error,
)

_metadata = sqlalchemy.MetaData()

_table = sqlalchemy.Table(
    "qhls_journal",
    _metadata,
    sqlalchemy.Column("search", sqlalchemy.String(255), primary_key=True),
    sqlalchemy.Column("line", sqlalchemy.Integer, primary_key=True, autoincrement=False),
    sqlalchemy.Column("content", sqlalchemy.Text, nullable=False),
)


_locks = sqlalchemy.Table(
    "qhls_lock",
    _metadata,
    sqlalchemy.Column("search", sqlalchemy.String(255), primary_key=True),
    sqlalchemy.Column("token", sqlalchemy.String(64), nullable=False),
    sqlalchemy.Column("machine", sqlalchemy.String(255), nullable=False),
    sqlalchemy.Column("process", sqlalchemy.String(64), nullable=False),
    sqlalchemy.Column("driver", sqlalchemy.String(255), nullable=False),
    sqlalchemy.Column("beat", sqlalchemy.Integer, nullable=False),
)

BEAT = 5.0
"""Seconds between two heartbeats of a driver."""

SILENCE = 4
"""Number of missed heartbeats after which a driver on another machine is considered dead."""


class DatabaseLines:
    """Journal lines of the search ``name`` in the database at ``url``.

    Missing tables are created. Raises ``SearchError`` for an invalid URL or if the database driver is not
    installed, ``JournalError`` if the database does not answer.
    """

    def __init__(self, url: str, name: str) -> None:
        parsed = _parse_url(url)
        try:
            self._engine = sqlalchemy.create_engine(parsed, poolclass=NullPool)
        except exc.NoSuchModuleError as error:
            raise _make_url_error(url, error) from error
        except ImportError as error:
            raise SearchError(
                f"storage: expected the driver of {parsed.drivername!r}, got none ({error}). For PostgreSQL "
                f"run pip install 'qhls[postgresql]'."
            ) from error
        self._search, self._count = name, 0
        self.where = f"{parsed.render_as_string(hide_password=True)}, search {name!r}"

    def read(self) -> list[bytes]:
        """Return all lines of the search."""
        columns = (_table.c.line, _table.c.content)
        query = (
            sqlalchemy.select(*columns).where(_table.c.search == self._search).order_by(columns[0])
        )
        try:
            _metadata.create_all(self._engine)
            with self._engine.connect() as connection:
                rows: Any = connection.execute(query).all()
        except exc.SQLAlchemyError as error:
            raise self._make_error("a database that answers", error) from error
        self._count = len(rows)
        return [content.encode() for _, content in rows]

    def append(self, line: bytes) -> None:
        """Append a line and commit it. Raises ``JournalError`` if that is not possible."""
        row = {"search": self._search, "line": self._count, "content": line.decode()}
        try:
            with self._engine.begin() as connection:
                connection.execute(sqlalchemy.insert(_table), row)
        except exc.IntegrityError as error:
            raise JournalError(
                f"{self.where}: expected to be the only driver of this search, got line {self._count} from "
                f"another. Wait for it, or give this search another name."
            ) from error
        except exc.SQLAlchemyError as error:
            raise self._make_error("to write another line", error) from error
        self._count += 1

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from driving this search. Raises ``JournalError`` if one already does."""
        held = _locks.c.token == (token := uuid.uuid4().hex)
        here = {
            "machine": identify_machine(),
            "process": identify_process(os.getpid()),
            "driver": describe_driver(),
        }
        row = {"search": self._search, "token": token, "beat": 0, **here}
        try:
            _metadata.create_all(self._engine)
            while not self._take(row):
                self._remove_dead()
        except exc.SQLAlchemyError as error:
            raise self._make_error("a database that answers", error) from error
        ended = threading.Event()
        heart = threading.Thread(target=self._keep_alive, args=(held, ended), daemon=True)
        heart.start()
        try:
            yield
        finally:
            ended.set()
            heart.join()
            with suppress(
                exc.SQLAlchemyError
            ):  # an unreachable database keeps the lock until this driver is found dead
                self._execute(sqlalchemy.delete(_locks).where(held))

    def _take(self, row: dict[str, Any]) -> bool:
        try:
            self._execute(sqlalchemy.insert(_locks).values(row))
        except exc.IntegrityError:
            return False
        return True

    def _remove_dead(self) -> None:
        """Remove the lock of a dead driver. Raises ``JournalError`` if that driver is still running."""
        lock = self._lock()
        if lock is None:
            return
        if lock.machine == identify_machine():
            alive = is_running(lock.process)
        else:
            time.sleep(SILENCE * BEAT)
            later = self._lock()
            alive = later is not None and (later.token, later.beat) != (lock.token, lock.beat)
        if alive:
            raise make_second_driver_error(self.where, lock.driver)
        same = (_locks.c.token == lock.token) & (_locks.c.beat == lock.beat)
        self._execute(sqlalchemy.delete(_locks).where(same))

    def _lock(self) -> Any:
        with self._engine.connect() as connection:
            wanted = sqlalchemy.select(_locks).where(_locks.c.search == self._search)
            return connection.execute(wanted).first()

    def _keep_alive(self, held: Any, ended: threading.Event) -> None:
        while not ended.wait(BEAT):
            with suppress(
                exc.SQLAlchemyError
            ):  # append() raises the error when the next line is written
                self._execute(sqlalchemy.update(_locks).where(held).values(beat=_locks.c.beat + 1))

    def _execute(self, statement: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(statement)

    def _make_error(self, expected: str, error: exc.SQLAlchemyError) -> JournalError:
        reason = getattr(error, "orig", None) or error
        return JournalError(
            f"{self.where}: expected {expected}, got {type(reason).__name__}: {reason}. Search again with the same "
            f"arguments to go on: what the journal has is kept."
        )


def _parse_url(url: str) -> sqlalchemy.URL:
    try:
        return sqlalchemy.make_url(url)
    except exc.ArgumentError as error:
        raise _make_url_error(url, error) from error


def _make_url_error(url: str, error: Exception) -> SearchError:
    return SearchError(
        f"storage: expected a database's URL, such as postgresql+psycopg://user@host/name or sqlite:///search.db, "
        f"got {url!r}: {error}. Correct it."
    )
