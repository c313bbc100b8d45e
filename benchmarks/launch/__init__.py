"""From an agreed price to workers that are registered, beside the same containers started by hand."""
