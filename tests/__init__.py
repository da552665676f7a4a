"""Tests. Mathematical libraries take one thread each here: two workers share two cores, and threads that wait for one another burn both."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
