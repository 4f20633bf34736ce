"""All that the author of a plugin needs from corpuskit, beside `corpuskit.errors` and `corpuskit.testing`.

```python
from corpuskit.plugin import Document, Input, Source


class Proverbs(Source):
    def inputs(self):
        return [Input.of_text("proverbs", "A stitch in time saves nine.")]

    def documents(self, item):
        yield Document("A stitch in time saves nine.")
```

Names that are here stay here; every other module may change from one version to the next. Importing this
module imports none of them: each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.lazy import lazy_attributes

if TYPE_CHECKING:
    from corpuskit.cache import default_cache_dir, make_folder
    from corpuskit.chat.conversation import BadConversation, Conversation, Message, ToolCall
    from corpuskit.chat.opening import open_template
    from corpuskit.chat.template import ReasoningOf, Template, TrainOn
    from corpuskit.fetching.options import FetchOptions
    from corpuskit.fetching.places import is_offline
    from corpuskit.file_errors import looking_at
    from corpuskit.formats.base import Format
    from corpuskit.formats.export import Export
    from corpuskit.formats.foreign import ForeignBlock, ForeignFile, ForeignPlace, MappedFile
    from corpuskit.formats.opening import open_format
    from corpuskit.formats.options import ExportOptions
    from corpuskit.machine import usable_cores
    from corpuskit.on_progress import OnProgress, Progress
    from corpuskit.paths import user_path
    from corpuskit.preparation.executors.base import Executor, OnPart, describe_error, raise_described
    from corpuskit.preparation.parts.job import Job, OnWork, load_job
    from corpuskit.preparation.parts.record import PartRecord
    from corpuskit.preparation.parts.worker import Worker
    from corpuskit.reading import TooLarge, read_file
    from corpuskit.registry.component import Component
    from corpuskit.registry.distribution import install_command
    from corpuskit.registry.hookspecs import hookimpl
    from corpuskit.registry.registry import Registry, find, plugin_versions
    from corpuskit.registry.specs import (
        CommandSpec,
        ExecutorSpec,
        FormatSpec,
        ReaderSpec,
        RemoteFile,
        SamplerSpec,
        SourceSpec,
        Spec,
        StoreSpec,
        TemplateSpec,
        TokenizerSpec,
    )
    from corpuskit.registry.status import PluginInfo
    from corpuskit.samplers.base import (
        AnySampler,
        Sampler,
        SamplerContext,
        ShardGroups,
        Spans,
        SpanSampler,
        check_options,
        window_spans,
    )
    from corpuskit.sources.base import (
        Document,
        Input,
        OnBadDocument,
        OnListingProblem,
        Sampled,
        Shares,
        Slice,
        Source,
        SourceOptions,
    )
    from corpuskit.sources.changes import changes
    from corpuskit.sources.document_batch import DocumentBatch
    from corpuskit.sources.files import FilesSource
    from corpuskit.sources.inputs.archives import open_raw
    from corpuskit.sources.inputs.files import local_input, told_by_head
    from corpuskit.sources.inputs.stream import InputStream, hash_input, is_plain
    from corpuskit.sources.listing.archives import archive_inputs
    from corpuskit.sources.listing.folders import FileFilter, Glob, has_magic, list_folder
    from corpuskit.sources.listing.left_out import LeftOut, say_formats
    from corpuskit.sources.listing.text_files import ZIP, format_of, text_files
    from corpuskit.sources.lookup import open_source
    from corpuskit.sources.plain_text import PlainText
    from corpuskit.sources.readers.arrow import (
        as_bytes,
        column_documents,
        kept_columns,
        kept_paths,
        text_column,
    )
    from corpuskit.sources.readers.base import BATCH_BYTES, BATCH_DOCUMENTS, BadDocuments, BadRows, Reader
    from corpuskit.sources.readers.columns import all_columns, text_path
    from corpuskit.sources.readers.kept import Keep
    from corpuskit.storage import write_json
    from corpuskit.stores.base import Addition, Comparison, PreconditionFailed, Store, Stored
    from corpuskit.stores.opening import open_store
    from corpuskit.tokenizers.base import Encoded, EngineChoice, Tokenizer, check_encoded, to_utf8
    from corpuskit.tokenizers.boundaries import last_safe_place
    from corpuskit.tokenizers.boundaries import pieces as safe_pieces
    from corpuskit.tokenizers.explaining import version_of
    from corpuskit.tokenizers.opening import open_tokenizer
    from corpuskit.tokenizers.pieces import DocumentPiece
    from corpuskit.tokenizers.unicode_guard import UNICODE_17, CodePoints, UnicodeGuard
    from corpuskit.urls import RemotePath, is_remote
    from corpuskit.value_streams import StreamInfo

#: Where each name comes from, in the groups of the documentation.
GROUPS = {
    "Registering": {
        "hookimpl": "corpuskit.registry.hookspecs:hookimpl",
        "Spec": "corpuskit.registry.specs:Spec",
        "SourceSpec": "corpuskit.registry.specs:SourceSpec",
        "RemoteFile": "corpuskit.registry.specs:RemoteFile",
        "TemplateSpec": "corpuskit.registry.specs:TemplateSpec",
        "TokenizerSpec": "corpuskit.registry.specs:TokenizerSpec",
        "SamplerSpec": "corpuskit.registry.specs:SamplerSpec",
        "ReaderSpec": "corpuskit.registry.specs:ReaderSpec",
        "ExecutorSpec": "corpuskit.registry.specs:ExecutorSpec",
        "FormatSpec": "corpuskit.registry.specs:FormatSpec",
        "StoreSpec": "corpuskit.registry.specs:StoreSpec",
        "CommandSpec": "corpuskit.registry.specs:CommandSpec",
        "install_command": "corpuskit.registry.distribution:install_command",
    },
    "Finding what is registered": {
        "find": "corpuskit.registry.registry:find",
        "Component": "corpuskit.registry.component:Component",
        "open_source": "corpuskit.sources.lookup:open_source",
        "open_tokenizer": "corpuskit.tokenizers.opening:open_tokenizer",
        "open_template": "corpuskit.chat.opening:open_template",
        "open_format": "corpuskit.formats.opening:open_format",
        "Registry": "corpuskit.registry.registry:Registry",
        "PluginInfo": "corpuskit.registry.status:PluginInfo",
        "plugin_versions": "corpuskit.registry.registry:plugin_versions",
    },
    "Sources": {
        "Source": "corpuskit.sources.base:Source",
        "SourceOptions": "corpuskit.sources.base:SourceOptions",
        "Input": "corpuskit.sources.base:Input",
        "Document": "corpuskit.sources.base:Document",
        "DocumentBatch": "corpuskit.sources.document_batch:DocumentBatch",
        "Slice": "corpuskit.sources.base:Slice",
        "PlainText": "corpuskit.sources.plain_text:PlainText",
        "OnBadDocument": "corpuskit.sources.base:OnBadDocument",
        "OnListingProblem": "corpuskit.sources.base:OnListingProblem",
        "Shares": "corpuskit.sources.base:Shares",
        "Sampled": "corpuskit.sources.base:Sampled",
        "Progress": "corpuskit.on_progress:Progress",
        "OnProgress": "corpuskit.on_progress:OnProgress",
    },
    "Sources that are files": {
        "FilesSource": "corpuskit.sources.files:FilesSource",
        "local_input": "corpuskit.sources.inputs.files:local_input",
        "archive_inputs": "corpuskit.sources.listing.archives:archive_inputs",
        "hash_input": "corpuskit.sources.inputs.stream:hash_input",
        "changes": "corpuskit.sources.changes:changes",
        "LeftOut": "corpuskit.sources.listing.left_out:LeftOut",
        "say_formats": "corpuskit.sources.listing.left_out:say_formats",
        "text_files": "corpuskit.sources.listing.text_files:text_files",
        "format_of": "corpuskit.sources.listing.text_files:format_of",
        "ZIP": "corpuskit.sources.listing.text_files:ZIP",
        "list_folder": "corpuskit.sources.listing.folders:list_folder",
        "FileFilter": "corpuskit.sources.listing.folders:FileFilter",
        "Glob": "corpuskit.sources.listing.folders:Glob",
        "has_magic": "corpuskit.sources.listing.folders:has_magic",
    },
    "Readers": {
        "Reader": "corpuskit.sources.readers.base:Reader",
        "BadDocuments": "corpuskit.sources.readers.base:BadDocuments",
        "BadRows": "corpuskit.sources.readers.base:BadRows",
        "InputStream": "corpuskit.sources.inputs.stream:InputStream",
        "BATCH_BYTES": "corpuskit.sources.readers.base:BATCH_BYTES",
        "BATCH_DOCUMENTS": "corpuskit.sources.readers.base:BATCH_DOCUMENTS",
        "open_raw": "corpuskit.sources.inputs.archives:open_raw",
        "is_plain": "corpuskit.sources.inputs.stream:is_plain",
        "told_by_head": "corpuskit.sources.inputs.files:told_by_head",
        "text_path": "corpuskit.sources.readers.columns:text_path",
        "all_columns": "corpuskit.sources.readers.columns:all_columns",
        "text_column": "corpuskit.sources.readers.arrow:text_column",
        "as_bytes": "corpuskit.sources.readers.arrow:as_bytes",
        "column_documents": "corpuskit.sources.readers.arrow:column_documents",
        "Keep": "corpuskit.sources.readers.kept:Keep",
        "kept_paths": "corpuskit.sources.readers.arrow:kept_paths",
        "kept_columns": "corpuskit.sources.readers.arrow:kept_columns",
    },
    "Tokenizers": {
        "Tokenizer": "corpuskit.tokenizers.base:Tokenizer",
        "Encoded": "corpuskit.tokenizers.base:Encoded",
        "StreamInfo": "corpuskit.value_streams:StreamInfo",
        "to_utf8": "corpuskit.tokenizers.base:to_utf8",
        "check_encoded": "corpuskit.tokenizers.base:check_encoded",
        "last_safe_place": "corpuskit.tokenizers.boundaries:last_safe_place",
        "safe_pieces": "corpuskit.tokenizers.boundaries:pieces",
        "UnicodeGuard": "corpuskit.tokenizers.unicode_guard:UnicodeGuard",
        "UNICODE_17": "corpuskit.tokenizers.unicode_guard:UNICODE_17",
        "CodePoints": "corpuskit.tokenizers.unicode_guard:CodePoints",
        "EngineChoice": "corpuskit.tokenizers.base:EngineChoice",
        "version_of": "corpuskit.tokenizers.explaining:version_of",
    },
    "Templates": {
        "Template": "corpuskit.chat.template:Template",
        "TrainOn": "corpuskit.chat.template:TrainOn",
        "ReasoningOf": "corpuskit.chat.template:ReasoningOf",
        "Conversation": "corpuskit.chat.conversation:Conversation",
        "Message": "corpuskit.chat.conversation:Message",
        "ToolCall": "corpuskit.chat.conversation:ToolCall",
        "BadConversation": "corpuskit.chat.conversation:BadConversation",
        "DocumentPiece": "corpuskit.tokenizers.pieces:DocumentPiece",
    },
    "Samplers": {
        "Sampler": "corpuskit.samplers.base:Sampler",
        "SpanSampler": "corpuskit.samplers.base:SpanSampler",
        "ShardGroups": "corpuskit.samplers.base:ShardGroups",
        "AnySampler": "corpuskit.samplers.base:AnySampler",
        "Spans": "corpuskit.samplers.base:Spans",
        "SamplerContext": "corpuskit.samplers.base:SamplerContext",
        "check_options": "corpuskit.samplers.base:check_options",
        "window_spans": "corpuskit.samplers.base:window_spans",
    },
    "Executors": {
        "Executor": "corpuskit.preparation.executors.base:Executor",
        "Job": "corpuskit.preparation.parts.job:Job",
        "load_job": "corpuskit.preparation.parts.job:load_job",
        "Worker": "corpuskit.preparation.parts.worker:Worker",
        "PartRecord": "corpuskit.preparation.parts.record:PartRecord",
        "OnPart": "corpuskit.preparation.executors.base:OnPart",
        "OnWork": "corpuskit.preparation.parts.job:OnWork",
        "describe_error": "corpuskit.preparation.executors.base:describe_error",
        "raise_described": "corpuskit.preparation.executors.base:raise_described",
        "usable_cores": "corpuskit.machine:usable_cores",
    },
    "Formats": {
        "Format": "corpuskit.formats.base:Format",
        "Export": "corpuskit.formats.export:Export",
        "ExportOptions": "corpuskit.formats.options:ExportOptions",
        "ForeignBlock": "corpuskit.formats.foreign:ForeignBlock",
        "ForeignFile": "corpuskit.formats.foreign:ForeignFile",
        "ForeignPlace": "corpuskit.formats.foreign:ForeignPlace",
        "MappedFile": "corpuskit.formats.foreign:MappedFile",
    },
    "Stores": {
        "Store": "corpuskit.stores.base:Store",
        "Stored": "corpuskit.stores.base:Stored",
        "Addition": "corpuskit.stores.base:Addition",
        "Comparison": "corpuskit.stores.base:Comparison",
        "PreconditionFailed": "corpuskit.stores.base:PreconditionFailed",
        "RemotePath": "corpuskit.urls:RemotePath",
        "FetchOptions": "corpuskit.fetching.options:FetchOptions",
        "open_store": "corpuskit.stores.opening:open_store",
    },
    "Files": {
        "user_path": "corpuskit.paths:user_path",
        "is_remote": "corpuskit.urls:is_remote",
        "is_offline": "corpuskit.fetching.places:is_offline",
        "read_file": "corpuskit.reading:read_file",
        "TooLarge": "corpuskit.reading:TooLarge",
        "looking_at": "corpuskit.file_errors:looking_at",
        "write_json": "corpuskit.storage:write_json",
        "default_cache_dir": "corpuskit.cache:default_cache_dir",
        "make_folder": "corpuskit.cache:make_folder",
    },
}
_PLACES = {name: place for group in GROUPS.values() for name, place in group.items()}

__all__ = [
    "Addition",
    "AnySampler",
    "BATCH_BYTES",
    "BATCH_DOCUMENTS",
    "BadConversation",
    "BadDocuments",
    "BadRows",
    "CodePoints",
    "CommandSpec",
    "Comparison",
    "Component",
    "Conversation",
    "Document",
    "DocumentBatch",
    "DocumentPiece",
    "Encoded",
    "EngineChoice",
    "Executor",
    "ExecutorSpec",
    "Export",
    "ExportOptions",
    "FetchOptions",
    "FileFilter",
    "FilesSource",
    "ForeignBlock",
    "ForeignFile",
    "ForeignPlace",
    "Format",
    "FormatSpec",
    "Glob",
    "Input",
    "InputStream",
    "Job",
    "Keep",
    "LeftOut",
    "MappedFile",
    "Message",
    "OnBadDocument",
    "OnListingProblem",
    "OnPart",
    "OnProgress",
    "OnWork",
    "PartRecord",
    "PlainText",
    "PluginInfo",
    "PreconditionFailed",
    "Progress",
    "Reader",
    "ReaderSpec",
    "ReasoningOf",
    "Registry",
    "RemoteFile",
    "RemotePath",
    "Sampled",
    "Sampler",
    "SamplerContext",
    "SamplerSpec",
    "ShardGroups",
    "Shares",
    "Slice",
    "Source",
    "SourceOptions",
    "SourceSpec",
    "SpanSampler",
    "Spans",
    "Spec",
    "Store",
    "StoreSpec",
    "Stored",
    "StreamInfo",
    "Template",
    "TemplateSpec",
    "Tokenizer",
    "TokenizerSpec",
    "TooLarge",
    "ToolCall",
    "TrainOn",
    "UNICODE_17",
    "UnicodeGuard",
    "Worker",
    "ZIP",
    "all_columns",
    "archive_inputs",
    "as_bytes",
    "changes",
    "check_encoded",
    "check_options",
    "column_documents",
    "default_cache_dir",
    "describe_error",
    "find",
    "format_of",
    "has_magic",
    "hash_input",
    "hookimpl",
    "install_command",
    "is_offline",
    "is_plain",
    "is_remote",
    "kept_columns",
    "kept_paths",
    "last_safe_place",
    "list_folder",
    "load_job",
    "local_input",
    "looking_at",
    "make_folder",
    "open_format",
    "open_raw",
    "open_source",
    "open_store",
    "open_template",
    "open_tokenizer",
    "plugin_versions",
    "raise_described",
    "read_file",
    "safe_pieces",
    "say_formats",
    "text_column",
    "text_files",
    "text_path",
    "to_utf8",
    "told_by_head",
    "usable_cores",
    "user_path",
    "version_of",
    "window_spans",
    "write_json",
]

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)
