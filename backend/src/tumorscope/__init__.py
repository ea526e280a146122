"""Tumorscope: a brain MRI in, calibrated tumour-class probabilities out. Investigational."""

NOTICE = "Investigational. Not for diagnostic use."
