"""Settings of all tests."""

from hypothesis import settings

# No deadline, as machines are shared; the same examples for everyone, so that a failure is one everywhere
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
