"""Families of code problems, one file each."""
