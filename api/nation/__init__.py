"""A toy nation for demonstrations and tests: a root, three regions, their departments and licences.

All names are invented and all division codes begin with 99, which GB/T 2260 does not assign.
"""
