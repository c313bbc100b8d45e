"""How a donor's running agent, with a window or without, is asked by the command line of the same home folder."""
