"""The terminal application's building blocks: tables that update in place, and the words and bars in them."""
