"""Rules that compare several responses, and the rules of single lists and rows.

    row_values       rows and list requests, read out of exchanges
    list_rules       the rules of one collection: limit, offset, order, filters, cursor
    single_list      violations that one list shows without any other response
    list_comparison  a list compared with the list of the whole collection
    attribution      the one clause that a wrong list is reported for
    repeated_lists   the same list, requested several times
    list_analysis    all lists of one operation, with all their violations
    row_history      everything that was observed of each row, in order
    single_row       violations that one row shows without any other response

The clauses of the families collections and lifecycle report the violations that are found here. Nothing here is shared
with the mock.
"""
