"""``python -m pipelines.cli``: the ``mayak`` command."""

from pipelines.cli import main

main()
