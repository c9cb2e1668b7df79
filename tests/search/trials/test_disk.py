"""A disk that is full: the error says so and what to do, and with room again the search goes on where it was.

The limit on a file's size is a real refusal of the kernel (EFBIG), on any machine and for any user.
"""

import resource
from contextlib import contextmanager

import pytest

from qhls.search import AutoQKeras, JournalError, SearchError, pareto
from qhls.search.learned import run as learning
from qhls.search.learned import state as gradient_state
from qhls.search.trials import job
from qhls.search.trials.journal import JOURNAL_FILE, Journal
from qhls.search.trials.study import STUDY_FILE as STUDY
from support.searches import BITS, DATA, FEW, LIMIT, Pretended, dense, run


@contextmanager
def no_file_beyond(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


FULL = r"got: File too large\. Make room.* search again with the same arguments: what the journal has is kept\.$"


@pytest.mark.parametrize("size", [100, 2_000, 6_000])
def test_a_search_on_a_full_disk(tmp_path, size):
    """Journal or study, whichever is the first to reach the limit."""
    settings = {"trials": 12, "tune_filters": "layer"}
    whole = run(tmp_path / "whole", **settings)
    assert (tmp_path / "whole" / JOURNAL_FILE).stat().st_size > 6_000
    told = rf"({JOURNAL_FILE}: expected to write another line|{STUDY}: expected to write the trials as an Optuna study)"
    with no_file_beyond(size), pytest.raises(SearchError, match=rf"^.*{told}, {FULL}"):
        run(tmp_path / "part", **settings)
    assert all(path.stat().st_size <= size for path in (tmp_path / "part").glob("*.*"))
    assert run(tmp_path / "part", **settings).records == whole.records


def test_a_model_on_a_full_disk(tmp_path):
    settings = {
        "limit": LIMIT, "quantization_config": FEW, "executor": "inline", "progress": False, "trials": 2,
        "batch": 2, "epochs": 1, "fit": {"batch_size": 96}, "folder": tmp_path,
    }  # fmt: skip

    class Full(Pretended):
        """The model that training gives is larger than a file may be."""

        def run(self, tasks):
            for task in tasks:
                with no_file_beyond(10_000):
                    self.job.store(task, bytes(20_000))
                yield task, {}

    with pytest.raises(SearchError, match=r"^.*trial_0000.keras: expected to write a trained model of 20,000 bytes, "
                       + FULL):  # fmt: skip
        pareto(dense(), DATA, BITS, **settings | {"executor": Full})
    assert not list((tmp_path / "models").iterdir())
    assert len(pareto(dense(), DATA, BITS, **settings)) >= 1


@pytest.mark.parametrize("what", ["a trained model", "the state of the training"])
def test_learned_widths_on_a_full_disk(tmp_path, monkeypatch, what):
    settings = {
        "epochs": 4,
        "levels": 2,
        "input_types": "s8.4",
        "folder": tmp_path,
        "progress": False,
    }
    write = job.store
    limit = {"a trained model": 10_000, "the state of the training": 5_000}[what]

    def full(path, content, kind="a trained model"):
        if kind != what:
            return write(path, content, kind)
        with no_file_beyond(min(limit, len(content) - 1)):
            return write(path, content, kind)

    with monkeypatch.context() as patch:
        patch.setattr(learning, "store", full)
        patch.setattr(gradient_state, "store", full)
        told = rf"^.*: expected to write {what} of [\d,]+ bytes, {FULL}"
        with pytest.raises(SearchError, match=told):
            learning.gradient(dense(), DATA, **settings)
    assert len(learning.gradient(dense(), DATA, **settings).records) == 2


def test_the_journal_of_one_score_on_a_full_disk(tmp_path):
    found = AutoQKeras(
        dense(), limit=LIMIT, quantization_config=FEW, max_trials=1, output_dir=tmp_path / "run"
    )
    journal = Journal(tmp_path / "other", found._make_header(1))
    with (
        no_file_beyond(100),
        pytest.raises(JournalError, match=rf"^.*{JOURNAL_FILE}: .* another line, {FULL}"),
    ):
        journal.append(0, {"state": "trained"})
    assert not journal.records
