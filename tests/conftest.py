"""What all tests share."""

from hypothesis import HealthCheck, settings

from auditrules.benchmarks import catalogue

pytest_plugins = ["tests.outcomes", "tests.rights", "tests.vm.plugin"]

# No law hangs on how busy the machine is. `make test-full` asks for the profile `full`.
settings.register_profile("full", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("full"), max_examples=20)
settings.load_profile("quick")

# Every benchmark is walked hundreds of times.
catalogue.keep_all_loaded()
