"""What donors and renters share: nouns, the lease life cycle, packing, money, sandboxes and the wire."""
