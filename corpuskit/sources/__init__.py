"""Where text comes from: named corpora, files and URLs, and the readers of file formats."""
