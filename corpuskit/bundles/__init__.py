"""What is carried to machines that reach no network: files that preparing needs, and corpora as one file."""
