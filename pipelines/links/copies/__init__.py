"""Which work holds parts of which: fingerprints, candidates, alignment, what files say beside their words, rules and decisions."""
