"""The files of a study in, its prediction by a Tumorscope service out. Investigational. Not for diagnostic use."""

from tumorscope_client.answer import Answer, Problem
from tumorscope_client.client import AsyncClient, Client

__all__ = ["Answer", "AsyncClient", "Client", "Problem"]
