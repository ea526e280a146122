"""The version of this software; a model has one of its own."""

from importlib.metadata import version

VERSION = version("tumorscope")
