"""Long runs in batch jobs: a chain of segments, and the scripts that run it.

`chain` says where the next segment of a chain starts and ends, `segment` writes its namelist, and
`script` the job script, whose commands `launch` makes.
"""
