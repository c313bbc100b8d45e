"""The terminal application's screens: home with its three views, a cluster, and the dialogs."""
