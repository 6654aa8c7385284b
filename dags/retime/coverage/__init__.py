"""What people look at: the state of every date, as a table in a terminal and as a page."""
