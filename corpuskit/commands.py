"""The commands that come with corpuskit; their modules are imported when they are used."""

from __future__ import annotations

#: Each command's module, where `command` is its click.Command, and its line in the help.
COMMANDS: dict[str, tuple[str, str]] = {
    "prepare": ("corpuskit.cli.prepare", "Turn text into a verified corpus of token ids."),
    "plan": ("corpuskit.cli.plan", "Say what preparing would make and take."),
    "fetch": ("corpuskit.cli.fetch", "Collect what preparing needs, for a machine without a network."),
    "commit": ("corpuskit.cli.commit", "Make a corpus of parts made elsewhere."),
    "info": ("corpuskit.cli.info", "Say what a prepared corpus is."),
    "show": ("corpuskit.cli.show", "Decode tokens, a document or a batch."),
    "report": ("corpuskit.cli.report", "Write a page about a corpus, to look at."),
    "stats": ("corpuskit.cli.stats", "Say what a corpus looks like, in numbers."),
    "trace": ("corpuskit.cli.trace", "Say which lines a training step's rows are from."),
    "where": ("corpuskit.cli.where", "Find a document, a line or a text, and when it is seen."),
    "bench": ("corpuskit.cli.bench", "Measure what this machine does with a corpus."),
    "verify": ("corpuskit.cli.verify", "Check every byte of a corpus."),
    "export": ("corpuskit.cli.export", "Write a corpus in another trainer's format."),
    "import": ("corpuskit.cli.import_", "Make a corpus of another trainer's token files."),
    "pack": ("corpuskit.cli.pack", "Write a corpus as one file, to carry elsewhere."),
    "unpack": ("corpuskit.cli.unpack", "Make a corpus of such a file."),
    "filter": ("corpuskit.cli.filter", "Make a corpus of documents by conditions."),
    "select": ("corpuskit.cli.select", "Make a corpus of documents that you name."),
    "concat": ("corpuskit.cli.concat", "Make one corpus of several."),
    "reshard": ("corpuskit.cli.reshard", "Make a corpus in shards of another size."),
    "split": ("corpuskit.cli.split", "Make a corpus with new splits."),
    "card": ("corpuskit.cli.card", "Write the dataset card of a corpus or a mixture."),
    "publish": ("corpuskit.cli.publish", "Put a corpus, with its card, on the Hub or in a store."),
    "list": ("corpuskit.cli.list", "List corpora, tokenizers, samplers and more."),
    "plugins": ("corpuskit.cli.plugins", "List plugins and whether they work, or check one."),
    "new-plugin": ("corpuskit.cli.new_plugin", "Write a new plugin package."),
    "cache": ("corpuskit.cli.cache", "Show or clear the download cache."),
    "completion": ("corpuskit.cli.completion", "Print what a shell needs to complete commands."),
}
