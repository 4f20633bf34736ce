"""Object stores: files put if absent, read in ranges, and tried again.

Everything goes through fsspec, so any store that has a file system for it will do: `s3://`, `gs://`,
`az://`, `hf://`. What only S3 has (conditional puts, checksums that the store computes, uploads in several
parts) is in `corpuskit.stores.s3`.
"""
