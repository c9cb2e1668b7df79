"""Bounds of what is read: files without an end, texts too deep or too long, arrays larger than their file."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.compat.qtools.prices import load_prices
from qhls.energy import load_technology
from qhls.errors import EnergyError, LoadError, QhlsError
from qhls.plan.hardware.prices import load_area_table
from qhls.search.command import _read_space, load_data
from qhls.system import files
from qhls.system.files import check_regular_file, parse_json, read_arrays, read_json
from qhls.system.limits import check_size, find_limit


@pytest.mark.parametrize(
    ("given", "size"),
    [("", 1 << 30), ("100", 100), ("16G", 16 << 30), ("500 M", None), ("1.5G", None), ("3kiB", 3072), ("2t", 2 << 40)],
)  # fmt: skip
def test_the_limit_follows_from_the_environment(monkeypatch, given, size):
    monkeypatch.setenv("QHLS_LIMIT", given)
    if size is not None:
        assert find_limit() == size
        return
    with pytest.raises(
        QhlsError, match=r"^QHLS_LIMIT: expected a size such as 16G or 500M, got '.*'\. Set one\.$"
    ):
        find_limit()


def test_what_is_beyond_the_limit_says_how_to_raise_it(monkeypatch):
    message = (
        r"^x\.h5: expected weights of at most 1,073,741,824 bytes, got 5,000,000,000\. "
        r"To allow this size, raise the limit: QHLS_LIMIT=5G\.$"
    )
    with pytest.raises(LoadError, match=message):
        check_size(5_000_000_000, "x.h5", "weights")
    monkeypatch.setenv("QHLS_LIMIT", "5G")
    check_size(5_000_000_000, "x.h5", "weights")
    with pytest.raises(
        LoadError, match=r"^x: expected t .* got a number of 3,322 bits\. .*=as much as you have\.$"
    ):
        check_size(10**1000, "x", "t")


# -- files ------------------------------------------------------------------------------------------

PATHS = [
    "",
    "\0",
    "a\0b",
    "a" * 5000,
    "/".join(["a"] * 5000),
    "/dev/zero",
    "/dev/null",
    "/proc",
    "nowhere",
    "a\n",
]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_file_is_refused(path):
    assert not files.is_file(path)
    message = r"(?s)^.{0,500}: expected a model file, got (no such file|a folder|a device|a path that).*\. Check"
    with pytest.raises(LoadError, match=message):
        check_regular_file(path, "a model file")
    for load in (load_technology, load_area_table, load_prices):
        for name in (path, f"{path}.json"):
            with pytest.raises(EnergyError):
                load(name)


def test_a_pipe_is_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    expected = r": expected .*, got a device or pipe, which may have no end\. Check the path\.$"
    for use in (load_data, _read_space, lambda path: read_json(path, "JSON")):
        with pytest.raises(LoadError, match=expected):
            use(pipe)
    for load in (load_technology, load_area_table, load_prices):
        with pytest.raises(EnergyError):
            load(pipe)


# -- JSON -------------------------------------------------------------------------------------------

TEXTS = {
    "cut": b"{",
    "deep": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "digits": b"9" * 10_000,
    "huge": b"1" + b"0" * 400,
    "no UTF-8": b'"\xff\xfe"',
    "nothing": b"",
    "NUL": b"\0",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_that_are_no_json_of_ours(tmp_path, text):
    with pytest.raises(
        LoadError,
        match=r"^x: expected y, got text that is not JSON \(.*\)\. Check that the file is complete .*$",
    ):
        parse_json(text, "x", "y")
    path = tmp_path / "own.json"
    path.write_bytes(text)
    for load in (load_technology, load_area_table, load_prices):
        with pytest.raises(
            EnergyError, match=r"^.*'own'.*: expected JSON, got text that is not JSON .*$"
        ):
            load(path)
    with pytest.raises(
        LoadError, match=r"^.*own.json: expected a JSON file, got text that is not JSON .*$"
    ):
        _read_space(path)


@pytest.mark.parametrize(
    "content", [3, None, [], "x", {"operations": 3}, {"operations": {}, "memories": []}]
)
def test_tables_of_another_structure(tmp_path, content):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(content))
    for load in (load_technology, load_area_table, load_prices):
        with pytest.raises(EnergyError):
            load(path)


VALUES = st.recursive(
    st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_json_is_read_as_it_is(value):
    text = json.dumps(value)
    assert json.dumps(parse_json(text, "x", "y")) == text


@pytest.mark.parametrize("value", [3, None, b"x"[0], np.zeros(3), 1.5])
def test_what_is_no_text_is_no_json(value):
    with pytest.raises(
        LoadError, match=r"^x: expected y, got \w+\. The file is damaged: write it again\.$"
    ):
        parse_json(value, "x", "y")


def test_long_texts_are_not_read(tmp_path, monkeypatch):
    path = tmp_path / "long.json"
    path.write_text(" " * 100_000 + "{}")
    assert read_json(path, "JSON") == {}
    monkeypatch.setenv("QHLS_LIMIT", "1M")
    with pytest.raises(
        LoadError,
        match=r"^.*long.json: expected JSON of at most 16,384 bytes, got 100,002\. .*=1G\.$",
    ):
        read_json(path, "JSON")


# -- arrays -----------------------------------------------------------------------------------------


def npy(shape, descr="<f4", data=b""):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    return file.getvalue() + data


def npz(**entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


ARRAYS = {
    "text": b"hello",
    "nothing": b"",
    "cut archive": b"PK\x03\x04",
    "cut": npy((3,), data=b"1234"),
    "huge": npy((10**14,)),
    "negative": npy((-3,)),
    "objects": npy((1,), "|O", b"\x80\x04N."),
    "texts": npy((2,), "<U3", b"\0" * 24),
    "complex": npy((1,), "<c8", b"\0" * 8),
    "records": npy((1,), "|V8", b"\0" * 8),
    "code": b"\x93NUMPY\x01\x00\x40\x00{'descr': __import__('os').system('false'), }"
    + b" " * 20
    + b"\n",
    "deep": b"\x93NUMPY\x01\x00\x10\x27" + b"(" * 10_000,
    "of another version": b"\x93NUMPY\x07\x00",
    "archive of huge": npz(x=npy((40 << 30,), "|u1", b"\0" * 1000)),
    "archive of objects": npz(x=npy((1,), "|O", b"\x80\x04N.")),
    "archive of texts": npz(x=npy((2,), "<U3", b"\0" * 24)),
    "archive of text": npz(x=b"hello"),
    "archive cut": npz(x=npy((3,), data=b"\0" * 12))[:-30],
}


@pytest.mark.parametrize("content", ARRAYS.values(), ids=ARRAYS)
def test_files_of_no_numbers(tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(
        LoadError, match=r"^.*data.npz: expected a .npy or .npz file of numbers, got .*$"
    ):
        read_arrays(path)
    with pytest.raises(QhlsError):
        load_data(path)


@given(
    st.sampled_from(["f2", "f4", "f8", ">f4", "i1", "u8", "?"]),
    st.lists(st.integers(0, 3), max_size=3),
)
def test_numbers_are_read_as_they_are(tmp_path_factory, dtype, shape):
    folder = tmp_path_factory.mktemp("arrays")
    array = np.ones(shape, dtype)
    np.save(folder / "a.npy", array)
    np.savez(folder / "a.npz", a=array, b=array[None])
    np.testing.assert_array_equal(read_arrays(folder / "a.npy"), array, strict=True)
    both = read_arrays(folder / "a.npz")
    assert list(both) == ["a", "b"]
    np.testing.assert_array_equal(both["b"], array[None], strict=True)


def test_what_is_on_the_disk_is_read_and_what_is_blown_up_is_not(tmp_path, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, 3_000_000, np.uint8)
    np.savez(tmp_path / "real.npz", x=noise)
    np.savez_compressed(tmp_path / "blown.npz", x=np.zeros_like(noise))
    with (tmp_path / "sparse.npy").open("wb") as file:
        file.write(npy((3_000_000,), "|u1"))
        file.truncate(file.tell() + 3_000_000)
    monkeypatch.setenv("QHLS_LIMIT", "1M")
    assert (read_arrays(tmp_path / "real.npz")["x"] == noise).all()
    for name in ("blown.npz", "sparse.npy"):
        with pytest.raises(
            LoadError,
            match=r"^.*: expected .* of at most 1,048,576 bytes, got 3,.*QHLS_LIMIT=1G\.$",
        ):
            read_arrays(tmp_path / name)
    monkeypatch.setenv("QHLS_LIMIT", "3M")
    assert not read_arrays(tmp_path / "blown.npz")["x"].any()
