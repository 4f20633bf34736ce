"""Every flipped bit of a corpus is found by verify."""

from __future__ import annotations

import pytest
from fault_tools import corpus

import corpuskit


@pytest.fixture
def sound(worlds):
    """The folder of a corpus."""
    world = worlds("keep")
    world.reset()
    world.run()
    assert corpuskit.verify(world.folder / "out") == []
    return world.folder / "out"


@pytest.mark.parametrize("pattern", ["*[0-9].bin", "*.loss.bin", "*.fields.arrow", "*.idx", "manifest.json"])
@pytest.mark.fault("D10", "M3", "M5")
def test_every_flipped_bit_is_found(sound, draw, pattern):
    paths = sorted(sound.glob(pattern))
    missed = []
    for _ in range(draw.count(150)):
        path = draw.random.choice(paths)
        data = path.read_bytes()
        at, bit = draw.random.randrange(len(data)), draw.random.randrange(8)
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
        try:
            found = bool(corpuskit.verify(sound))
        except corpuskit.CorpuskitError:
            found = True
        if not found:
            missed.append(f"{path.name}: bit {bit} of byte {at}, near {data[max(at - 30, 0) : at + 30]!r}")
        path.write_bytes(data)
    assert not missed, "\n".join(missed)


@pytest.mark.parametrize("pattern", ["*[0-9].bin", "*.loss.bin", "*.fields.arrow", "*.idx", "manifest.json"])
@pytest.mark.fault("D11", "M8")
def test_every_file_that_is_cut_extended_emptied_missing_or_another_is_found(sound, draw, pattern):
    paths = sorted(sound.glob(pattern))
    before = corpus(sound)
    for path in draw.some(paths, 2):
        data = path.read_bytes()
        other = next((one.read_bytes() for one in paths if one.read_bytes() != data), b"{}")
        for wrong in (data[:-1], data[: len(data) // 2], data + b"\0", b"", bytes(len(data)), None, other):
            path.unlink()
            if wrong is not None:
                path.write_bytes(wrong)
            try:
                found = bool(corpuskit.verify(sound))
            except corpuskit.CorpuskitError:
                found = True
            assert found, (path.name, wrong and len(wrong))
            path.write_bytes(data)
    assert corpus(sound) == before
