"""A prepared corpus as one page that needs nothing else: `corpuskit.report`."""
