"""The version of corpuskit: in manifests, work files and the headers of downloads."""

__version__ = "0.1.0"
