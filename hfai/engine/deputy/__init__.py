"""Deputies: processes with the rights of one account each, which do for the engine whatever touches that account's files.

An engine of root must not be led anywhere by what others put into their directories; a process that is no more than they are
cannot be. Design and layout: docs/architecture.md, "Users".
"""
