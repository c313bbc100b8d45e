"""The donor's desktop application: a tray icon, one share toggle, live earnings; or no screen at all."""
