"""Templates of plugins: what they give is checked, and what is wrong with it is said to be theirs."""

from __future__ import annotations

from collections.abc import Sequence

from corpuskit.chat.conversation import BadConversation, Conversation
from corpuskit.chat.template import Template
from corpuskit.registry.blame import blame
from corpuskit.registry.component import Component
from corpuskit.registry.specs import TemplateSpec
from corpuskit.tokenizers.pieces import DocumentPiece


class GuardedTemplate(Template):
    """A template of a plugin.

    Args:
        template: The template.
        component: What it was found as.
    """

    TAKES_ARGUMENT = True

    def __init__(self, template: Template, component: Component[TemplateSpec]) -> None:
        super().__init__(name=component.spec.name, argument=component.argument)
        self._template, self._component = template, component
        with blame(component.what, component.owner):
            self.control_tokens, self.fingerprint = tuple(template.control_tokens), template.fingerprint
            if not all(isinstance(name, str) for name in self.control_tokens):
                raise TypeError(f"control_tokens must be text, found {self.control_tokens!r:.80}")
        self._names = {name.encode() for name in self.control_tokens}

    def write(
        self, conversation: Conversation, trained: Sequence[bool], *, is_all: bool
    ) -> list[DocumentPiece]:
        """What the template gives, checked."""
        refused: BadConversation | UnicodeEncodeError
        with blame(self._component.what, self._component.owner):
            try:
                found = self._template.write(conversation, trained, is_all=is_all)
            except (BadConversation, UnicodeEncodeError) as error:  # the record's fault, and not the plugin's
                refused = error
            else:
                self._check(found)
                return found
        raise refused

    def _check(self, found: object) -> None:
        """Check that it is a list of pieces, whose control tokens are those that were named before.

        Raises:
            TypeError: If it is not.
        """
        if not isinstance(found, list) or not all(isinstance(piece, DocumentPiece) for piece in found):
            raise TypeError(f"write() must be a list of DocumentPiece, found {found!r:.80}")
        for piece in found:
            if not isinstance(piece.text, bytes):
                raise TypeError(f"a piece's text must be bytes, found {piece.text!r:.80}")
            if piece.is_control and piece.text not in self._names:
                raise TypeError(f"a control token that control_tokens does not name: {piece.text!r:.80}")


__all__ = ["GuardedTemplate"]
