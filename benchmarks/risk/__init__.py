"""Risk models: what they cost, and the file that is shipped with the product."""
