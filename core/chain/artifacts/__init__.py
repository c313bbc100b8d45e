"""The compiled contracts. Made by `python -m core.chain.compile`; never edited."""
