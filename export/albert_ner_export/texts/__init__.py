"""Text of our own to calibrate, verify and judge with."""
