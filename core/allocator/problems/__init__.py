"""The textbook problems that allocation is made of: knapsacks and bins over vectors, solved within a deadline.

Each module takes plain NumPy arrays and an `Effort`, and gives an `Answer` that `verify` accepts.
"""
