"""Just enough of IP and UDP for transport mode and the data plane."""
