"""Services of many kinds, on several frameworks, each judged with nothing but its document."""
