"""The table of all runs, and the page that shows them.  Needs no compiler.

Drawing the page needs the extra ``workflow`` (matplotlib and jinja2); the table does not.
"""
