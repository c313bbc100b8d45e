"""What the renter's terminal application and command line cost: frames, keys, first paint, memory."""
