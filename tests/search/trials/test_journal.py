"""The journal: what is written is read again, what a killed driver leaves is dropped, damage is named."""

import json
import re
import zlib

import pytest

from qhls.search import JournalError
from qhls.search.trials.journal import JOURNAL_FILE, Journal

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
    path = tmp_path / JOURNAL_FILE
    path.write_bytes(path.read_bytes()[:-cut])
    again = Journal(tmp_path, HEADER)
    assert list(again.records) == [0, 1]
    again.append(2, {"state": "trained"})
    assert list(Journal(tmp_path, HEADER).records) == [0, 1, 2]


def test_a_torn_header_is_written_again(tmp_path):
    (tmp_path / JOURNAL_FILE).write_bytes(b"0012")
    assert Journal(tmp_path, HEADER).records == {}
    assert Journal(tmp_path, HEADER).records == {}


def line(content):
    text = json.dumps(content)
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.replace(b"trained", b"trainde", 1), r"^.*journal.jsonl, line 2: expected what a search has "
         r"written, got one whose checksum is wrong\. Cut the damaged journal off before that line, .*$"),
        (lambda d: b"garbage\n" + d, r"^.*, line 1: expected what a search has written, got one whose .*$"),
        (lambda d: d + line([1]), r"^.*, line 5: expected what a search has written, got \[1\]\. .*$"),
        (lambda d: d + line({"state": "x"}), r"^.*, line 5: expected .*, got a trial without number\. .*$"),
        (lambda d: line({"version": 9}), r"^.*: expected a journal of version 2, got 9\. Search in a new folder\.$"),
    ],
)  # fmt: skip
def test_damage_is_named(tmp_path, change, message):
    filled(tmp_path)
    path = tmp_path / JOURNAL_FILE
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(JournalError, match=message):
        Journal(tmp_path, HEADER)


def test_the_journal_of_another_search(tmp_path):
    filled(tmp_path)
    with pytest.raises(JournalError, match=r"^.*: expected the journal of this search, got one whose seed is "
                       r"0, not 1\. Search in a new folder, or with the same arguments\.$"):  # fmt: skip
        Journal(tmp_path, HEADER | {"seed": 1})
    with pytest.raises(JournalError, match=r"^.*: .* got one whose epochs is null, not 3\. .*$"):
        Journal(tmp_path, HEADER | {"epochs": 3})


TRAINED = {
    "number": 0,
    "state": "trained",
    "candidate": {"a": 1},
    "costs": {},
    "metrics": {},
    "values": [1.0, 2.0],
}
GOALS = {**HEADER, "objectives": [["accuracy", "max"], ["bits", "min"]]}


@pytest.mark.parametrize(
    ("change", "received"),
    [
        *[({key: ...}, f"a trained trial without {key}") for key in ("candidate", "costs", "metrics", "values")],
        ({"state": ...}, "a trial of state None"),
        ({"state": "trainde"}, "a trial of state 'trainde'"),
        ({"number": -1}, "a trial without number"),
        ({"candidate": 3}, "a trial whose candidate is 3"),
        ({"costs": None}, "a trial whose costs is null"),
        ({"values": "xy"}, 'a trial whose values is "xy"'),
        ({"values": [1]}, "values [1] of 2 goals"),
        ({"values": [1, "x"]}, 'values [1, "x"] of 2 goals'),
        ({"state": "duplicate", "of": 0}, "trial 0 as a duplicate of trial 0"),
        ({"state": "duplicate"}, "a duplicate trial without of"),
        ({"state": "failed"}, "a failed trial without error"),
    ],
)  # fmt: skip
def test_trials_that_no_search_can_go_on_from(tmp_path, change, received):
    record = {key: value for key, value in (TRAINED | change).items() if value is not ...}
    (tmp_path / JOURNAL_FILE).write_bytes(line({"version": 2, **GOALS}) + line(TRAINED))
    assert list(Journal(tmp_path, GOALS, trials=True).records) == [0]
    (tmp_path / JOURNAL_FILE).write_bytes(line({"version": 2, **GOALS}) + line(record))
    message = rf"^.*, line 2: expected what a search has written, got {re.escape(received)}\. Cut the damaged"
    with pytest.raises(JournalError, match=message):
        Journal(tmp_path, GOALS, trials=True)


@pytest.mark.parametrize(
    "text", [b"[" * 200_000, b"9" * 10_000, b'{"a": "\xff"}', b"not json", b""]
)
def test_lines_that_are_no_json(tmp_path, text):
    (tmp_path / JOURNAL_FILE).write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    with pytest.raises(
        JournalError, match=r"^.*, line 1: expected a journal's line, got text that is not JSON .*$"
    ):
        Journal(tmp_path, HEADER)
