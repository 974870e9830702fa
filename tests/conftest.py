"""Settings of all tests."""

from hypothesis import HealthCheck, settings

# A machine may be busy: no test fails because an example takes long, or because it takes long to make one.
# The examples are the same everywhere, so that what fails here fails there.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("project")
