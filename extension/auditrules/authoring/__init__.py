"""What an author of rules asks before they are loaded: what is wrong with them, what they cost, what a change does.

Pure: files come in as values, and so does what is known of the host.
"""
