"""Which engine and which reader a run's options open."""

import subprocess
import sys

from corpuskit.batches.opening import open_reader
from corpuskit.batches.streamed import StreamedReader
from corpuskit.batches.windows import WindowReader


def test_numpy_output_imports_no_torch():
    program = """
import sys, numpy as np
from corpuskit.batches import Batches
from corpuskit.batches.stream import TokenStream
class Split(TokenStream):
    name, num_tokens, dtype, fingerprint = "train", 100, np.dtype("<u2"), "f"
    shard_starts = np.array([0, 100])
    def shard(self, number): return np.arange(100, dtype=np.uint16)
    def document_ends(self): return np.array([100])
print(Batches(Split(), batch_size=2, block_size=4, output="numpy")[0][0].shape, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "(2, 4) False\n"


def test_a_reader_maps_what_is_here_and_asks_for_what_is_not(make_split):
    split = make_split(100)
    assert isinstance(open_reader(split, 4, random_access=True), WindowReader)
    split.is_streamed = True
    assert isinstance(open_reader(split, 4, random_access=True), StreamedReader)
