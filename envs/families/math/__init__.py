"""Families of math problems, one file each."""
