"""Who is who on simulated programmes of any size, beside other ways to find it out: ``python -m benchmarks.people``."""
