"""Tumorscope: a brain MRI in, calibrated tumour-class probabilities out. Investigational."""

NOTICE = "Investigational. Not for diagnostic use."

MANUFACTURER = "Tumorscope"
"""As the DICOM objects state it that results are written as, so that none is read as an image."""
