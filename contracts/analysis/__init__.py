"""What the statements of the vocabulary mean for answers: the judge's own reading of them.

    rows         values, rows and requests, read out of exchanges
    collection   a list's statements: what a request asks of each row, how many rows, in which order
    comparison   an answer against the longest listing made before and after it
    alone        laws that one list keeps or breaks by itself
    blame        which law a difference is laid at the door of, so that one cause makes one finding
    listings     all lists of an operation together
    histories    all rows of one kind, in the order in which they were seen
    once         keeps what was worked out for all clauses
    single       laws that one row keeps or breaks by itself

The clauses of the families collections and lifecycle tell what is worked out here.
"""
