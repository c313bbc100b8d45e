"""Programs that try to leave the sandbox, run inside it by test_escape.py."""
