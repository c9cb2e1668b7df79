"""The journal: what is written is read again, what a killed driver leaves is dropped, damage is named."""

import json
import zlib

import pytest

from qhls.search import JournalError
from qhls.search.journal import FILE, Journal

HEADER = {"search": "test", "seed": 0}


def filled(folder):
    journal = Journal(folder, HEADER)
    for number in range(3):
        journal.append(number, {"state": "trained", "values": [0.1 * number, number]})
    return journal


def test_what_was_noted_is_there_again(tmp_path):
    written = filled(tmp_path)
    read = Journal(tmp_path, HEADER)
    assert read.records == written.records
    read.append(3, {"state": "failed"})
    assert list(Journal(tmp_path, HEADER).records) == [0, 1, 2, 3]


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_torn_last_line_is_dropped(tmp_path, cut):
    filled(tmp_path)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-cut])
    again = Journal(tmp_path, HEADER)
    assert list(again.records) == [0, 1]
    again.append(2, {"state": "trained"})
    assert list(Journal(tmp_path, HEADER).records) == [0, 1, 2]


def test_a_torn_header_is_written_again(tmp_path):
    (tmp_path / FILE).write_bytes(b"0012")
    assert Journal(tmp_path, HEADER).records == {}
    assert Journal(tmp_path, HEADER).records == {}


def line(content):
    text = json.dumps(content)
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.replace(b"trained", b"trainde", 1), r"^.*journal.jsonl, line 2: expected what a search has "
         r"written, received one whose checksum is wrong; the journal is damaged: cut it off before that line, .*$"),
        (lambda d: b"garbage\n" + d, r"^.*, line 1: expected what a search has written, received one whose .*$"),
        (lambda d: d + line([1]), r"^.*, line 5: expected what a search has written, received \[1\]; .*$"),
        (lambda d: d + line({"state": "x"}), r"^.*, line 5: expected .*, received a trial without number; .*$"),
        (lambda d: line({"version": 9}), r"^.*: expected a journal of version 2, received 9; search in a new folder$"),
    ],
)  # fmt: skip
def test_damage_is_named(tmp_path, change, message):
    filled(tmp_path)
    path = tmp_path / FILE
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(JournalError, match=message):
        Journal(tmp_path, HEADER)


def test_the_journal_of_another_search(tmp_path):
    filled(tmp_path)
    with pytest.raises(JournalError, match=r"^.*: expected the journal of this search, received one whose seed is "
                       r"0, not 1; search in a new folder, or with the same arguments$"):  # fmt: skip
        Journal(tmp_path, HEADER | {"seed": 1})
    with pytest.raises(
        JournalError, match=r"^.*: .* received one whose epochs is null, not 3; .*$"
    ):
        Journal(tmp_path, HEADER | {"epochs": 3})
