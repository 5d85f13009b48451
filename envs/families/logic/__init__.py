"""Families of logic problems, one file each."""
