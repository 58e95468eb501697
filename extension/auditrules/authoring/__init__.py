"""Tools for authors of rules, before the rules are loaded: lint, cost, the effects of a change, smaller sets.

Pure: files come in as values, and so does what is known of the host.
"""
