"""Fuzzers: valid files are spoilt in many ways, and whatever reads them must take them or say no.

    make fuzz                                        every subject, for hours
    make fuzz SUBJECT=restarts COUNT=100 SEED=7      one of them, from a seed on

A `Subject` says what is spoilt and what reads it, `campaign` runs one and counts, and a seed gives
the same input again.
"""
