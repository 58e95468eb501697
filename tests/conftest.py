"""What all tests share."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.outcomes", "tests.rights", "tests.vm.plugin"]

# No law hangs on how busy the machine is.
settings.register_profile("laws", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("laws")
