"""The clock counts whole seconds and knows the calendar."""


from ngcm_coupler.clock import Clock


def test_clock_crosses_leap_day_and_year():
    clock = Clock("1959-12-31T23:00:00")
    assert clock.advanced(3600).iso8601() == "1960-01-01T00:00:00"
    assert Clock("1960-02-28").advanced(86400).iso8601() == "1960-02-29T00:00:00"
    assert Clock("1900-02-28").advanced(86400).iso8601() == "1900-03-01T00:00:00"


def test_clock_does_not_drift_over_a_century():
    clock = Clock("1850-01-01")
    for _ in range(365 * 100 + 25 - 1):
        clock = clock.advanced(86400)
    assert clock.iso8601() == "1950-01-01T00:00:00"
    assert clock.elapsed_seconds == 36524 * 86400


def test_advancing_leaves_the_old_clock_as_it_was():
    clock = Clock("2000-01-01")
    clock.advanced(60)
    assert clock.elapsed_seconds == 0
