"""The open book: every lesson and page as a static site that needs a browser and nothing else, no network either."""
