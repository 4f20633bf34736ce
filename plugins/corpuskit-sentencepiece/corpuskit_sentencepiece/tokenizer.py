"""A SentencePiece model as a tokenizer: the ids that `sentencepiece` gives, and the bytes they stand for.

The whole model is kept in the corpus's manifest, in base64. A path would mean nothing on another machine, and
the model is small: some 250 KiB to 5 MiB for the vocabularies of 32,000 to 256,000 pieces in use, where a
manifest may have 256 MiB. So a corpus can be read back wherever it is copied to, and workers on other
machines need no copy of the model's file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from corpuskit.errors import TokenizerError, reason_of
from corpuskit.plugin import Encoded, Tokenizer, TooLarge, read_file, to_utf8, user_path

#: A larger model would fill the manifest, which every opening of the corpus reads.
_MAX_MODEL_BYTES = 32 * 2**20
#: A text is one sentence to the model, which takes some 50 times the text's size in memory and cannot be
#: asked to go on in the middle: 16 MiB take 0.8 GiB and 7 s.
_MAX_TEXT_BYTES = 16 * 2**20
#: What a text may end with, where a model's end of sentence is switched off or named otherwise.
_EOT_PIECES = ("</s>", "<eos>", "<|endoftext|>")
_SPACE = "\u2581"
#: How `sentencepiece` writes a piece that it does not know.
_UNKNOWN = " \u2047 "


class SentencePieceTokenizer(Tokenizer):
    """One SentencePiece model. Text that looks like a control symbol is text, as it is to `sentencepiece`.

    Text comes back as the model normalized it: a model with the rule "nmt_nfkc" puts characters into their
    compatibility form and takes spaces away, one without byte fallback forgets characters that it does not
    know. The ids are exact all the same.

    Args:
        name: What users type in front of the colon.
        argument: The path of the model's file.
        state: What `state()` returned; the file is not looked at then.

    Raises:
        TokenizerError: If there is no such file, or it is no model.
    """

    def __init__(self, *, name: str = "sp", argument: str | None = None, state: Any = None) -> None:
        if not argument:
            raise TokenizerError(f"tokenizer {name!r} needs a model: {name}:path/to/model.model")
        self.name = f"{name}:{argument}"
        self._model = _read_model(argument) if state is None else _saved_model(self.name, state)
        self._processor = _open_model(self._model, where=self.name)
        self.vocab_size = self._processor.get_piece_size()
        self.eot_id = _eot_id(self._processor)
        if self.eot_id is not None and self._processor.eos_id() < 0:
            self.eot_note = (
                f"the model of tokenizer {self.name!r} has no end of sentence (eos_id is -1); control symbol "
                f"{self._processor.id_to_piece(self.eot_id)!r} is taken to end a text"
            )
        self._control = np.array([self._processor.is_control(i) for i in range(self.vocab_size)], np.bool_)
        self.control_ids = {self._processor.id_to_piece(i): i for i in np.flatnonzero(self._control).tolist()}
        self._bytes = [_bytes_of(self._processor, i) for i in range(self.vocab_size)]
        self._spaced = {i for i in range(self.vocab_size) if _starts_with_space(self._processor, i)}
        self._strips_first, self._strips_all = _strips(self._processor, self._spaced)

    @property
    def fingerprint(self) -> str:
        """A sha256 over a line that says what this is, and the bytes of the model."""
        return hashlib.sha256(b"corpuskit sentencepiece 1\n" + self._model).hexdigest()

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The text's ids, uint32[N], with no start or end of a sentence.

        Raises:
            TokenizerError: If the text is no Unicode text, or too long for one call of the library.
        """
        return self._encode(to_utf8(text))

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of many texts, one after the other: corpuskit has a process for each core."""
        arrays = [self._encode(text) for text in texts]
        ids = np.concatenate(arrays) if arrays else np.empty(0, np.uint32)
        return Encoded(ids, np.fromiter(map(len, arrays), np.int64, len(arrays)))

    def decode_bytes(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> bytes:
        """The bytes that ids stand for, control symbols as their names.

        The space that the model puts in front of a text is taken away again, at the beginning and after each
        control symbol, so that documents come back as they were.
        """
        values = np.asarray(ids, dtype=np.int64)
        wrong = values[(values < 0) | (values >= self.vocab_size)]
        if wrong.size:
            raise TokenizerError(
                f"tokenizer {self.name!r}: id {wrong[0]} is not in [0, {self.vocab_size - 1}]",
                found=int(wrong[0]),
            )
        starts = np.concatenate(([0], np.flatnonzero(self._control[values]) + 1)).tolist()
        stops = [*starts[1:], len(values)]
        numbers = values.tolist()
        return b"".join(self._sentence(numbers[a:b]) for a, b in zip(starts, stops, strict=True))

    def state(self) -> dict[str, str]:
        """The model's file in base64."""
        return {"model": base64.b64encode(self._model).decode("ascii")}

    def _encode(self, text: bytes) -> NDArray[np.uint32]:
        if len(text) > _MAX_TEXT_BYTES:
            raise TokenizerError(
                f"tokenizer {self.name!r}: a document of {len(text):,} bytes is longer than "
                f"{_MAX_TEXT_BYTES:,}, and a SentencePiece model cannot encode it in pieces; cut it into "
                "documents (a text file with --separator or --lines)",
                expected=_MAX_TEXT_BYTES,
                found=len(text),
            )
        # As str: the library's older versions answer bytes with bytes.
        try:
            return np.array(self._processor.encode(text.decode(), out_type=int), np.uint32)
        except Exception as error:  # the library raises nothing more precise
            raise TokenizerError(
                f"tokenizer {self.name!r} cannot encode a text: {reason_of(error):.200}; leave "
                "the text out, or use another tokenizer"
            ) from error

    def _sentence(self, ids: list[int]) -> bytes:
        """The bytes of one sentence, which no control symbol is in but at its end."""
        pieces = [self._bytes[number] for number in ids]
        for at, number in enumerate(ids):
            if number not in self._spaced or not self._strips_first:
                break
            pieces[at] = pieces[at][1:]
            if pieces[at] or not self._strips_all:
                break
        return b"".join(pieces)


def _read_model(path: str) -> bytes:
    try:
        return read_file(user_path(path), max_bytes=_MAX_MODEL_BYTES, follow=True)
    except TooLarge as error:
        raise TokenizerError(
            f"{path}: larger than {_MAX_MODEL_BYTES:,} bytes, the most that a SentencePiece model may have; "
            "is it another kind of file?",
            path=path,
        ) from error
    except OSError as error:
        raise TokenizerError(
            f"{path}: the SentencePiece model cannot be read: {error.strerror}", path=path
        ) from error


def _saved_model(name: str, state: Any) -> bytes:
    try:
        model = base64.b64decode(state["model"], validate=True)
        if len(model) > _MAX_MODEL_BYTES:
            raise ValueError("too large")
        return model
    except (TypeError, KeyError, ValueError, binascii.Error) as error:
        raise TokenizerError(
            f"tokenizer {name!r}: its saved state must hold a model in base64, found {state!r:.60}"
        ) from error


def _open_model(model: bytes, *, where: str) -> Any:
    try:
        processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
        if model and processor.get_piece_size():
            return processor
        raise ValueError("it has no pieces")
    except (RuntimeError, ValueError, OSError) as error:
        raise TokenizerError(
            f"tokenizer {where!r}: the file is no SentencePiece model: {reason_of(error):.200}", path=where
        ) from error


def _eot_id(processor: Any) -> int | None:
    """The id of the end of a sentence, which must be a control symbol: others are found in text."""
    for number in (processor.eos_id(), *map(processor.piece_to_id, _EOT_PIECES)):
        if number >= 0 and processor.is_control(number):
            return int(number)
    return None


def _bytes_of(processor: Any, number: int) -> bytes:
    """The bytes that a piece stands for inside a text."""
    piece: str = processor.id_to_piece(number)
    if processor.is_byte(number):
        return bytes([int(piece[1:-1], 16)])  # <0x0A>
    if processor.is_unknown(number):
        return _UNKNOWN.encode()
    return piece.encode() if processor.is_control(number) else piece.replace(_SPACE, " ").encode()


def _starts_with_space(processor: Any, number: int) -> bool:
    special = processor.is_control(number) or processor.is_unknown(number) or processor.is_byte(number)
    return not special and processor.id_to_piece(number).startswith(_SPACE)


def _strips(processor: Any, spaced: set[int]) -> tuple[bool, bool]:
    """Whether `sentencepiece` takes the space from the first piece of a text, and from what follows it.

    It depends on how the model normalizes text, which the library does not say; so it is tried.
    """
    if not spaced:
        return False, False
    space = processor.piece_to_id(_SPACE)
    if space not in spaced:
        return not processor.decode([min(spaced)]).startswith(" "), False
    return not processor.decode([space]), not processor.decode([space, space])


__all__ = ["SentencePieceTokenizer"]
