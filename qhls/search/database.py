"""A journal's lines in a database, by an SQLAlchemy URL: one table for all searches, a row a line.

A row is committed before anything depends on it, by a connection of its own: trainings take longer than many a
server keeps one. Its key is search and line, so that a second driver of one search,
which would write the same line, is refused.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import exc
from sqlalchemy.pool import NullPool

from qhls.search.errors import JournalError, SearchError

_metadata = sqlalchemy.MetaData()

_table = sqlalchemy.Table(
    "qhls_journal",
    _metadata,
    sqlalchemy.Column("search", sqlalchemy.String(255), primary_key=True),
    sqlalchemy.Column("line", sqlalchemy.Integer, primary_key=True, autoincrement=False),
    sqlalchemy.Column("content", sqlalchemy.Text, nullable=False),
)


class DatabaseLines:
    """The lines of the search ``name`` in the database at ``url``; the table is made where it is not there.

    Raises ``SearchError`` for a text that is no URL and where the database's driver is not installed,
    ``JournalError`` where the database does not answer.
    """

    def __init__(self, url: str, name: str) -> None:
        parsed = _parsed(url)
        try:
            self._engine = sqlalchemy.create_engine(parsed, poolclass=NullPool)
        except exc.NoSuchModuleError as error:
            raise _no_url(url, error) from error
        except ImportError as error:
            raise SearchError(
                f"storage: expected the driver of {parsed.drivername!r}, received none ({error}); for PostgreSQL "
                f"pip install 'qhls[postgresql]'"
            ) from error
        self._search, self._count = name, 0
        self.where = f"{parsed.render_as_string(hide_password=True)}, search {name!r}"

    def read(self) -> list[bytes]:
        """See ``journal.Lines``."""
        columns = (_table.c.line, _table.c.content)
        own = (
            sqlalchemy.select(*columns).where(_table.c.search == self._search).order_by(columns[0])
        )
        try:
            _metadata.create_all(self._engine)
            with self._engine.connect() as connection:
                rows: Any = connection.execute(own).all()
        except exc.SQLAlchemyError as error:
            raise self._failed("a database that answers", error) from error
        self._count = len(rows)
        return [content.encode() for _, content in rows]

    def append(self, line: bytes) -> None:
        """See ``journal.Lines``."""
        row = {"search": self._search, "line": self._count, "content": line.decode()}
        try:
            with self._engine.begin() as connection:
                connection.execute(sqlalchemy.insert(_table), row)
        except exc.IntegrityError as error:
            raise JournalError(
                f"{self.where}: expected to be the only driver of this search, received line {self._count} from "
                f"another; wait for it, or give this search another name"
            ) from error
        except exc.SQLAlchemyError as error:
            raise self._failed("to write another line", error) from error
        self._count += 1

    def _failed(self, expected: str, error: exc.SQLAlchemyError) -> JournalError:
        reason = getattr(error, "orig", None) or error
        return JournalError(
            f"{self.where}: expected {expected}, received {type(reason).__name__}: {reason}; what the "
            f"journal has is kept: search again with the same arguments to go on"
        )


def _parsed(url: str) -> sqlalchemy.URL:
    try:
        return sqlalchemy.make_url(url)
    except exc.ArgumentError as error:
        raise _no_url(url, error) from error


def _no_url(url: str, error: Exception) -> SearchError:
    return SearchError(
        f"storage: expected a database's URL, such as postgresql+psycopg://user@host/name or sqlite:///search.db, "
        f"received {url!r}: {error}"
    )
