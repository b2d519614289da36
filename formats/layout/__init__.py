"""Page layout."""
