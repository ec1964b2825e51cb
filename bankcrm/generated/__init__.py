"""The synthetic bank of `manage.py generate_bank`: of any size, for benchmarks only.

Deterministic: the same sizes, seed and date give the same bank (but for the nonces of encrypted document
numbers). `making` puts it together, one module for each kind of thing; rows go in through COPY.
"""
