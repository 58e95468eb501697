"""How fast it is: `make bench` measures the extension beside what people run today, as ratios within one run."""
