from __future__ import annotations

import pickle

import numpy as np
import pytest

from corpuskit.errors import ConfigError
from corpuskit.inspect.losses import levels_of, read_losses


class Harmful:
    def __reduce__(self):
        return open, ("/tmp/corpuskit-was-unpickled", "w")


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
def test_floats_of_the_batchs_shape_are_read(tmp_path, dtype):
    values = np.arange(6).reshape(2, 3) / 4
    np.save(tmp_path / "l.npy", values.astype(dtype))
    found = read_losses(tmp_path / "l.npy", (2, 3))
    assert found.dtype == np.float32
    assert found.tolist() == values.tolist()


def written(path, kind):
    """Something that is no array of losses; returns what is wrong with it."""
    good = np.ones((2, 3), np.float32)
    if kind == "shape":
        np.save(path, good.T)
        return r"shape \(3, 2\), the batch has \(2, 3\): a loss for each of its tokens"
    if kind == "flat":
        np.save(path, good.ravel())
        return r"shape \(6,\), the batch has \(2, 3\)"
    if kind == "nan":
        good[1, 2] = np.nan
        np.save(path, good)
        return "1 are no numbers, the first nan in row 1, token 2"
    if kind == "inf":
        good[0, 1:] = np.inf
        np.save(path, good)
        return "2 are no numbers, the first inf in row 0, token 1"
    if kind == "ints":
        np.save(path, good.astype(np.int64))
        return "numbers of type int64; expected floats, a loss for each token"
    if kind == "several":
        with path.open("wb") as file:
            np.savez(file, a=good)
    elif kind == "pickled":
        path.write_bytes(pickle.dumps(Harmful()))
    elif kind == "objects":
        np.save(path, np.array([[Harmful()] * 3] * 2, object), allow_pickle=True)
    elif kind == "cut":
        np.save(path, good)
        path.write_bytes(path.read_bytes()[:-4])
    elif kind == "empty":
        path.write_bytes(b"")
    return "not a whole .npy file of numbers; save it with numpy.save"


@pytest.mark.parametrize(
    "kind", ["shape", "flat", "nan", "inf", "ints", "several", "pickled", "objects", "cut", "empty"]
)
def test_what_is_no_array_of_losses_is_refused_in_one_line_and_never_unpickled(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(pickle, "load", lambda *args, **kwargs: pytest.fail("it was unpickled"))
    path = tmp_path / "l.npy"
    message = written(path, kind)
    with pytest.raises(ConfigError, match=f"^--losses .*: {message}") as refused:
        read_losses(path, (2, 3))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"--losses .*none.npy: cannot be read: No such file or directory"):
        read_losses(tmp_path / "none.npy", (2, 3))


def test_levels_begin_where_most_losses_are_smaller():
    losses = np.arange(1000, dtype=np.float32)
    assert [(losses > limit).sum() for limit in levels_of(losses)] == [200, 50, 10]
