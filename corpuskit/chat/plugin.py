"""The templates that come with corpuskit."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import TemplateSpec


@hookimpl
def corpuskit_templates() -> list[TemplateSpec]:
    """The built-in templates."""
    return [
        TemplateSpec(
            "chatml",
            "<|im_start|> and <|im_end|>, as Qwen and many others; tools as Qwen2.5",
            factory="corpuskit.chat.chatml:Chatml",
        ),
        TemplateSpec(
            "llama3",
            "Headers and <|eot_id|>, as Llama 3; tools as Llama 3.1",
            factory="corpuskit.chat.llama3:Llama3",
        ),
        TemplateSpec(
            "harmony",
            "Channels, as gpt-oss; o200k_harmony has its control tokens",
            factory="corpuskit.chat.harmony:Harmony",
        ),
        TemplateSpec(
            "plain",
            "User: and Assistant: as text, for base models; the end of text ends an answer",
            factory="corpuskit.chat.plain:Plain",
        ),
    ]
