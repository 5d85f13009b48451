"""Installs the four top-level folders as subpackages of ``reasonrl``; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

FOLDERS = ("agents", "benchmarks", "envs", "verifiers")
found = find_packages(include=[pattern for name in FOLDERS for pattern in (name, f"{name}.*")])
setup(
    packages=["reasonrl", *(f"reasonrl.{package}" for package in found)],
    package_dir={"reasonrl": "reasonrl", **{f"reasonrl.{name}": name for name in FOLDERS}},
)
