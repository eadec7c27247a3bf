"""Client engines that tests and benchmarks drive: the other ends of the protocols."""
