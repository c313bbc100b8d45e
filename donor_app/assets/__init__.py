"""Pictures that ship with the application, found through importlib.resources."""
